/**
 * Deliveries per second of server CPU: one stream, 1,000 readers, 100-byte payloads; single entries and bursts of 16.
 */
import type { BenchCase } from "../lib/result.ts";
import { type ModesCase, runModes } from "./modes.ts";

export const burstEntries = 16;

const fanOutModes: ModesCase = {
  name: "fan-out",
  chartTitle: "Deliveries per second of server CPU, 1 stream to 1,000 readers",
  against: "holdfast",
  modes: [
    {
      name: "single",
      title: "single entries",
      entriesPerRound: 1,
      racers: ["holdfast", "ws", "socketIo", "raw", "rawLong"],
      smokeRacers: ["holdfast", "ws", "socketIo", "rawLong"],
      baselines: ["ws"],
      aims: [{ of: "holdfast", times: "ws", ratioMin: 1.1 }],
    },
    {
      name: "burst",
      title: `bursts of ${burstEntries}`,
      entriesPerRound: burstEntries,
      racers: ["holdfast", "wsCork", "ws", "socketIo", "raw", "rawLong"],
      smokeRacers: ["holdfast", "wsCork"],
      baselines: ["wsCork"],
      aims: [{ of: "holdfast", times: "wsCork", ratioMin: 2 }],
    },
  ],
};

export const fanOut: BenchCase = {
  name: "fan-out",
  title: "Fan-out: deliveries per second of server CPU",
  run: (settings) => runModes(fanOutModes, settings),
};

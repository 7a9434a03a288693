/**
 * Deliveries per second of server CPU over requests: event streams and long-polls, beside WebSocket and beside servers that
 * do nothing else. One stream, 1,000 readers, 100-byte payloads; single entries and bursts of 16.
 */
import type { BenchCase } from "../lib/result.ts";
import { burstEntries } from "./fan-out.ts";
import { type ModesCase, runModes } from "./modes.ts";

const sseModes: ModesCase = {
  name: "sse",
  chartTitle: "Deliveries per second of server CPU, 1 stream to 1,000 readers over requests",
  against: "holdfastSse",
  labels: { holdfast: "Holdfast, WebSocket" },
  modes: [
    {
      name: "single",
      title: "single entries",
      entriesPerRound: 1,
      racers: ["holdfastSse", "holdfastEventSource", "holdfastPoll", "sse", "betterSse", "longPoll", "holdfast", "ws"],
      smokeRacers: ["holdfastSse", "holdfastEventSource", "holdfastPoll", "sse", "betterSse", "longPoll", "holdfast"],
      baselines: ["sse", "holdfast"],
      aims: [
        { of: "holdfastSse", times: "sse", ratioMin: 1.1 },
        { of: "holdfastEventSource", times: "sse", ratioMin: 1.1 },
        { of: "holdfastSse", times: "holdfast", ratioMin: 0.9 },
      ],
    },
    {
      name: "burst",
      title: `bursts of ${burstEntries}`,
      entriesPerRound: burstEntries,
      racers: ["holdfastSse", "holdfastEventSource", "holdfastPoll", "sseJoined", "sse", "betterSse", "longPoll", "holdfast", "wsCork"],
      smokeRacers: ["holdfastSse", "sseJoined", "holdfast"],
      baselines: ["sseJoined", "holdfast"],
      aims: [
        { of: "holdfastSse", times: "sseJoined", ratioMin: 1 },
        { of: "holdfastEventSource", times: "sseJoined", ratioMin: 1 },
        { of: "holdfastSse", times: "holdfast", ratioMin: 0.9 },
      ],
    },
  ],
};

export const sse: BenchCase = {
  name: "sse",
  title: "SSE and long-poll: deliveries per second of server CPU",
  run: (settings) => runModes(sseModes, settings),
};

/**
 * One line that says how far a run is, several times a second.
 */
import { kinds } from "./kinds.ts";
import type { Run } from "./parts.ts";
import type { TransportName } from "./transports.ts";

const progressEveryMs = 250;

export interface Progress {
  say(what: string): void;
  stop(): void;
}

/** Tells until it is stopped. */
export function showProgress({ parts, crew, tallies, endMs }: Run, transport: TransportName, startMs: number): Progress {
  let what = "";
  const line = (): string => {
    const sent = crew.members.reduce((sum, { publishing }) => sum + (publishing?.sent.reduce((all, each) => all + each.acknowledged.size, 0) ?? 0), 0);
    const given = crew.readings.reduce((sum, { tracks }) => sum + tracks.reduce((all, track) => all + track.positions.length, 0), 0);
    const faults = [...tallies.values()].reduce((sum, { times }) => sum + times, 0);
    const now = crew.members.flatMap(({ lane }) => (lane.doing === null ? [] : [`${kinds[lane.doing].title} on ${lane.name}`]));
    const seconds = (ms: number): number => Math.round(ms / 1_000);
    const head = `${transport} ${Math.min(seconds(parts.clock.monoMs() - startMs), seconds(endMs - startMs))}/${seconds(endMs - startMs)} s`;
    return `${head}: ${sent} acknowledged, ${given} delivered, ${faults} faults; ${what || now.join(", ") || "opening links"}`;
  };
  let timer = parts.clock.after(0, function tick() {
    parts.progress(line());
    timer = parts.clock.after(progressEveryMs, tick);
  });
  return {
    say: (text) => {
      what = text;
    },
    stop: () => timer.cancel(),
  };
}

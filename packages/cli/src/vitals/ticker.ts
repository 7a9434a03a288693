/**
 * Publishes the vital signs once a second. It must never queue: while a second's readings are not stored, the next is left out and counted.
 */
import type { Clock, Timer } from "@holdfast/protocol";
import { hostVital } from "./host.ts";
import { processVital } from "./process.ts";
import { socketsVital } from "./sockets.ts";
import type { Machine, ServerFigures, Vital } from "./vital.ts";

/** All vital signs. A new one is one file and one member here. */
export const vitals: readonly Vital[] = [socketsVital, processVital, hostVital];

/** What is kept of them: an hour. */
export const vitalsPolicy = { pattern: "vitals/**", entriesMax: 3_600, bytesMax: 4_194_304, ageMs: 3_600_000 } as const;

const intervalMs = 1_000;

export interface TickerParts {
  readonly clock: Clock;
  readonly machine: Machine;
  readonly vitals: readonly Vital[];
  figures(): ServerFigures;
  /** Stores one reading; resolves with the code of a refusal, or null. */
  store(stream: string, payload: Uint8Array): Promise<string | null>;
  /** Called when storing or reading begins to fail, when it works again, and for seconds left out in between. */
  report(event: { readonly event: "vitals_failing" | "vitals_again"; readonly stream?: string; readonly code?: string; readonly secondsLeftOut: number }): void;
}

const encoder = new TextEncoder();

/** Starts with a reading at once. `stop` ends it after the readings under way. */
export function startTicker(parts: TickerParts): { stop(): Promise<void> } {
  const { clock } = parts;
  let timer: Timer | null = null;
  let round: Promise<void> | null = null;
  let stopped = false;
  let secondsLeftOut = 0;
  let failing = false;
  const publishAll = async (): Promise<void> => {
    const faults = await Promise.all(parts.vitals.map((vital) => publishOne(parts, vital)));
    const fault = faults.find((each) => each !== null) ?? null;
    if (fault !== null && !failing) parts.report({ event: "vitals_failing", ...fault, secondsLeftOut });
    if (fault === null && (failing || secondsLeftOut > 0)) parts.report({ event: "vitals_again", secondsLeftOut });
    if (fault === null) secondsLeftOut = 0;
    failing = fault !== null;
  };
  const tick = (dueMs: number): void => {
    if (stopped) return;
    if (round === null) {
      round = publishAll().finally(() => {
        round = null;
      });
    } else secondsLeftOut++;
    // Counted from when it was due, so that lateness does not add up; a long pause is not made up for.
    const nextMs = Math.max(dueMs + intervalMs, clock.monoMs());
    timer = clock.after(nextMs - clock.monoMs(), () => tick(nextMs));
  };
  tick(clock.monoMs());
  return {
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await round;
    },
  };
}

async function publishOne(parts: TickerParts, vital: Vital): Promise<{ readonly stream: string; readonly code: string } | null> {
  let reading: Readonly<Record<string, unknown>>;
  try {
    reading = await vital.read(parts.machine, parts.figures());
  } catch {
    return { stream: vital.stream, code: "not_readable" };
  }
  const code = await parts.store(vital.stream, encoder.encode(JSON.stringify(reading)));
  return code === null ? null : { stream: vital.stream, code };
}

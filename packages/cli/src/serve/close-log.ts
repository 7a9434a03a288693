/**
 * Where lines about ended connections go: among the other lines for people, or through pino among those for programs, in the same shape.
 */
import type { Logger } from "@holdfast/guard";
import { pino } from "pino";
import { escapeJson } from "../escape.ts";
import type { LogEvent } from "./log-line.ts";

/** For people: `09:30:00.123 closed peer=... code=...`. */
export function humanLogger(log: (event: LogEvent) => void): Logger {
  const say = (facts: object, event: string): void => log({ event, ...facts });
  return { info: say, warn: say };
}

/** For programs: one JSON object a line, `timeMs`, `event` and `level` beside the facts. */
export function jsonLogger(write: (line: string) => void, wallMs: () => number): Logger {
  const options = {
    base: null,
    messageKey: "event",
    timestamp: () => `,"timeMs":${wallMs()}`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, { write: (line) => write(`${escapeJson(line.trimEnd())}\n`) });
}

/**
 * One line per connection that ended: who, why, after how long, how silent. The line is made of the record alone, which has no header,
 * no path and no byte of what was said. It must never fill a disk: beyond so many lines a second the rest are counted, and one line says so.
 */
import type { Clock, Timer } from "@holdfast/protocol";
import { nodeEnv } from "../adapters/env.ts";
import type { Ending } from "../connection.ts";
import type { ConnectionRow } from "../connection-row.ts";
import { type EndCode, ends } from "../ends.ts";
import type { GuardEvents } from "../guard.ts";
import { protocolLabel } from "./figures.ts";
import { lookingLimits } from "./limits.ts";

/** What is needed of a logger: pino is one. */
export interface Logger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface CloseLine {
  readonly connection: string;
  readonly peer: string;
  readonly listener: string;
  readonly protocol: string;
  readonly tls?: string;
  readonly subject?: string;
  readonly code: EndCode;
  readonly side: string;
  readonly meaning: string;
  readonly ageMs: number;
  readonly silentMs: number;
  readonly requests: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** An ended connection as flat facts. */
export function closeLine(row: ConnectionRow, { code, side, ageMs, silentMs }: Ending): CloseLine {
  const { id, peer, listener, protocol, tls, subject, requests, bytesRead, bytesWritten } = row;
  return {
    connection: id,
    peer,
    listener,
    protocol: protocolLabel(protocol),
    ...(tls === null ? {} : { tls: tls.version }),
    ...(subject === null ? {} : { subject: subject.slice(0, lookingLimits.subjectCharsMax.value) }),
    code,
    side,
    meaning: ends[code].meaning,
    ageMs: Math.round(ageMs),
    silentMs: Math.round(silentMs),
    requests,
    bytesRead,
    bytesWritten,
  };
}

/** What guard does in the course of a good day; what else it does is worth a warning. */
const ordinary: ReadonlySet<EndCode> = new Set(["age_limit", "draining", "idle_limit", "idle_timeout", "killed", "requests_limit", "revoked"]);

/** Whether guard ended it because of what the peer did, or for want of room. */
export function isPunishment({ code, side }: Pick<Ending, "code" | "side">): boolean {
  return side === "guard" && !ordinary.has(code);
}

export interface CloseLogOptions {
  /** @default 100 */
  readonly linesPerSecond?: number;
  readonly clock?: Clock;
}

/** The events of a guard as lines of a log. */
export class CloseLog implements GuardEvents {
  /** Lines left out so far. */
  suppressed = 0;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #linesPerSecond: number;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  /** Left out, and not told yet. */
  #untold = 0;
  #telling: Timer | null = null;

  constructor(logger: Logger, { linesPerSecond = lookingLimits.linesPerSecond.value, clock = nodeEnv.clock }: CloseLogOptions = {}) {
    if (!Number.isSafeInteger(linesPerSecond) || linesPerSecond < 1) {
      throw new TypeError(`Expected \`linesPerSecond\` to be a whole number, at least 1, got ${linesPerSecond}`);
    }
    this.#logger = logger;
    this.#clock = clock;
    this.#linesPerSecond = linesPerSecond;
  }

  readonly ended = (row: ConnectionRow, ending: Ending): void => {
    const nowMs = this.#clock.monoMs();
    if (nowMs - this.#sinceMs >= 1_000) {
      this.#sinceMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= this.#linesPerSecond) {
      this.suppressed++;
      this.#untold++;
      this.#telling ??= this.#clock.after(1_000, () => this.#tell());
      return;
    }
    this.#lines++;
    this.#logger[isPunishment(ending) ? "warn" : "info"](closeLine(row, ending), "closed");
  };

  readonly warning = (message: string): void => this.#logger.warn({ warning: message }, "guard_warning");

  #tell(): void {
    this.#telling = null;
    this.#logger.warn({ suppressed: this.#untold, linesPerSecond: this.#linesPerSecond }, "closes_suppressed");
    this.#untold = 0;
  }
}

/** Logs the ends of connections with a logger such as pino: `guard(server, options, pinoLog(logger))`. */
export function pinoLog(logger: Logger, options: CloseLogOptions = {}): CloseLog {
  return new CloseLog(logger, options);
}

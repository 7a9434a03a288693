/**
 * Moves lines into a stream: reads no further than the window lets it, sends in order, counts every answer.
 * It must never lose a line in silence: each ends in the tally, and what went wrong is told with the line's number.
 */
import { type Code, codes, HoldfastError } from "@holdfast/protocol";
import { type Line, LineCutter } from "./lines.ts";
import { type LineFormat, type LinePayload, linePayload, tooLong } from "./payload.ts";
import type { Tally } from "./tally.ts";
import type { Window } from "./window.ts";

/** A payload on its way. */
export type Sendable = Extract<LinePayload, { kind: "json" | "bytes" }>;

export interface PumpParts {
  readonly lines: AsyncIterable<Line> | Iterable<Line>;
  readonly format: LineFormat;
  readonly window: Window;
  readonly tally: Tally;
  /** Aborted when no further line shall be sent. Whoever aborts it also ends `lines`. */
  readonly stop: AbortSignal;
  /** Called once nothing can be published to this stream any more: `lines` shall end. */
  halt(): void;
  /** Publishes one entry. Rejects with a HoldfastError. */
  send(payload: Sendable): Promise<{ readonly position: string | null; readonly duplicate: boolean }>;
  /** Tells what happened to a line, by its number. */
  fault(line: number, message: string): void;
}

/** How the pump ended: with the input, by `stop`, or because nothing can be published to this stream any more. */
export type PumpEnd = { readonly kind: "done" | "stopped" } | { readonly kind: "refused"; readonly code: Code };

/** Refusals that concern one entry alone: the next one may well be taken. */
const entryCodes: ReadonlySet<Code> = new Set(["entry_too_large", "payload_too_deep", "bad_payload", "frame_too_large"]);

/** What an entry costs beside its payload while it waits; the client's outbox counts the same. */
const entryOverheadBytes = 256;

/** Publishes every line. Resolves when all that was read has its answer. */
export async function pump(parts: PumpParts): Promise<PumpEnd> {
  const { window, tally } = parts;
  let end: PumpEnd | null = null;
  let lastLine = 0;
  const settle = (line: number, payload: Sendable): void => {
    const cost = payload.bytes + entryOverheadBytes;
    window.enter(cost);
    parts
      .send(payload)
      .then(
        ({ position, duplicate }) => {
          tally.published++;
          if (duplicate) tally.duplicates++;
          if (line >= lastLine) [lastLine, tally.position] = [line, position];
        },
        (thrown: unknown) => {
          const error = HoldfastError.from(thrown);
          const { code, message } = error;
          const fate = fateOf(error);
          tally[fate]++;
          if (fate === "unsent") return; // The end of the client is told by whoever ended it.
          // Of many lines with the same fate the first tells it.
          if (end === null || entryCodes.has(code)) parts.fault(line, message);
          if (end !== null || entryCodes.has(code)) return;
          end = { kind: "refused", code };
          parts.halt();
        },
      )
      .finally(() => window.leave(cost));
  };
  for await (const line of parts.lines) {
    if (parts.stop.aborted) end ??= { kind: "stopped" };
    if (end !== null) break;
    const payload = "bytes" in line ? linePayload(line.bytes, parts.format) : tooLong(line.overlongBytes);
    if (payload.kind === "skip") continue;
    tally.read++;
    if (payload.kind === "fault") {
      tally.skipped++;
      parts.fault(line.number, payload.message);
    } else settle(line.number, payload);
    await window.room();
  }
  await window.empty();
  return end ?? { kind: parts.stop.aborted ? "stopped" : "done" };
}

/** What an entry's failure means for the entry. An answer about an entry names its stream; the end of the whole client does not. */
function fateOf({ code, stream }: HoldfastError): "refused" | "unknown" | "unsent" {
  if (entryCodes.has(code)) return "refused";
  if (code === "unknown_outcome" || code === "outbox_expired") return "unknown";
  if (stream === undefined) return "unsent";
  return codes[code].retry === "stop" ? "refused" : "unknown";
}

/** The lines of an input that comes in chunks. */
export async function* cutLines(chunks: AsyncIterable<Uint8Array>, lineBytesMax: number): AsyncGenerator<Line> {
  const cutter = new LineCutter(lineBytesMax);
  for await (const chunk of chunks) yield* cutter.push(chunk);
  const last = cutter.end();
  if (last !== null) yield last;
}

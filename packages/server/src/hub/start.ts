/**
 * Resolves where a subscription begins. It reads the engine only when the tail and the known head cannot answer,
 * so that a herd of resuming readers costs no engine read each.
 */
import { type Cursor, type From, formatPosition, type GapReason, HoldfastError, parsePosition } from "@holdfast/protocol";
import type { Engine } from "../engine.ts";
import { positionOf } from "../epochs.ts";
import type { ReadStream } from "./reader.ts";

/** Deliver after `seq`; `position` is what the client is told; `gap` says why that is not where it asked to be. */
export interface Start {
  readonly seq: number;
  readonly position: string;
  readonly gap: GapReason | null;
}

/** Rejects with HoldfastError when the engine cannot be read. */
export async function resolveStart(stream: ReadStream, from: From, engine: Engine): Promise<Start> {
  await stream.load();
  // Retention may have moved on since the head was read; and where live events may be late, so may be what is known of the head.
  if (from === "first" || (engine.caps.staleMsMax > 0 && !(typeof from === "object" && "after" in from))) await stream.refreshAnew();
  if (from === "now") return at(stream, stream.tail.last);
  if (from === "first") return at(stream, stream.firstPrev);
  if ("last" in from) return beforeLast(stream, from.last, engine);
  const cursor = parsePosition(from.after);
  if (cursor === null) throw new HoldfastError("bad_position", "expected a position that this server has given");
  const start = after(stream, cursor);
  if (start.gap === null) return start;
  // A reader may know more of the log than this hub does yet: only a head that was read since it asked can say that it does not.
  await stream.refreshAnew();
  return after(stream, cursor);
}

const at = (stream: ReadStream, seq: number): Start => ({ seq, position: stream.position(seq), gap: null });

function after(stream: ReadStream, cursor: Cursor): Start {
  const located = stream.locate(cursor);
  const position = formatPosition(cursor.epoch, cursor.seq);
  return located.ok ? { seq: located.seq, position, gap: null } : { seq: located.continueAfter, position, gap: located.reason };
}

async function beforeLast(stream: ReadStream, count: number, engine: Engine): Promise<Start> {
  if (count === 0) return at(stream, stream.tail.last);
  const held = stream.tail.prevOfLast(count);
  // The tail may hold what retention has removed, and even whose epoch is forgotten.
  if (held !== null) return at(stream, Math.max(held, stream.firstPrev));
  const { head, entries } = await engine.read(stream.name, { from: { last: count }, entriesMax: 1, bytesMax: 1 });
  stream.learn(head);
  // Of the same snapshot, which may be newer than what is known of the head.
  const seq = entries[0]?.prev ?? head?.last ?? 0;
  return { seq, position: positionOf(head?.epochs ?? [], seq), gap: null };
}

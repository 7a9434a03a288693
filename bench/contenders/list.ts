/** All contenders by name. */
import { betterSse } from "./better-sse.ts";
import type { ContenderKind } from "./contender.ts";
import { sse, sseJoined } from "./event-stream.ts";
import { holdfast, holdfastEventSource, holdfastPoll, holdfastSse } from "./holdfast.ts";
import { longPoll } from "./long-poll.ts";
import { raw, rawLong } from "./raw.ts";
import { socketIo } from "./socket-io.ts";
import { ws, wsCork } from "./ws.ts";

export const contenders = {
  holdfast,
  holdfastSse,
  holdfastEventSource,
  holdfastPoll,
  ws,
  wsCork,
  raw,
  rawLong,
  socketIo,
  sse,
  sseJoined,
  betterSse,
  longPoll,
} as const satisfies Record<string, ContenderKind>;

export type ContenderName = keyof typeof contenders;

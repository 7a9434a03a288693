/** All contenders by name. */
import type { ContenderKind } from "./contender.ts";
import { holdfast } from "./holdfast.ts";
import { raw, rawLong } from "./raw.ts";
import { socketIo } from "./socket-io.ts";
import { ws, wsCork } from "./ws.ts";

export const contenders = { holdfast, ws, wsCork, raw, rawLong, socketIo } as const satisfies Record<string, ContenderKind>;

export type ContenderName = keyof typeof contenders;

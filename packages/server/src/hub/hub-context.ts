/**
 * What a link may ask of its hub. Kept apart so that links and hub do not know each other's insides.
 */
import type { Env } from "@holdfast/protocol";
import type { Gate } from "../auth/gate.ts";
import type { HookCaller } from "../auth/hooks.ts";
import type { AppendRequest, AppendResult, Engine } from "../engine.ts";
import type { ServerOptions } from "../options.ts";
import type { Counters } from "./counters.ts";
import type { FanOut } from "./fan-out.ts";
import type { ReadStream } from "./reader.ts";

export interface HubContext {
  readonly node: string;
  readonly env: Env;
  readonly engine: Engine;
  readonly options: ServerOptions;
  readonly counters: Counters;
  readonly fanOut: FanOut;
  readonly gate: Gate;
  /** Null where the application has none. */
  readonly hooks: HookCaller | null;
  /** The live stream of that name, made when nobody reads it yet. */
  stream(name: string): ReadStream;
  /** The stream has lost its last reader. */
  idle(stream: ReadStream): void;
  append(request: AppendRequest): Promise<AppendResult>;
  /** How long the clients of this node should spread their reconnects over. */
  reconnectWindowMs(): number;
}

/**
 * What every look at the origin needs. Types only.
 */
import type { Clock } from "@holdfast/protocol";
import type { Dialler } from "./dial.ts";
import type { RequestHead } from "./http1.ts";

export interface OriginContext {
  readonly dialler: Dialler;
  readonly clock: Clock;
  /** How the doctor asks; path and some headers are replaced. */
  readonly request: RequestHead;
  /** Of the agent. */
  readonly prefix: string;
  /** For an answer that nobody holds back. */
  readonly waitMs: number;
}

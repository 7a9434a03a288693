/**
 * What a pool needs of the world: `Env`, and a clock for what nobody waits for. Types only.
 */
import type { Clock, Env } from "@holdfast/protocol";

export interface PoolEnv extends Env {
  /** For sweeps of idle connections: its timers must not keep a process. Default: `clock`. */
  readonly background?: Clock;
}

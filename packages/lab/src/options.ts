/**
 * Every option and limit of the lab's proxy, filled and validated in one place.
 * Nothing here may read the environment; a wrong option is a programmer's error and throws at once.
 */

import type { Address, LabEnv } from "./env.ts";

/** The limits of one proxy. */
export interface ProxyLimits {
  /**
   * Bytes that the proxy holds per connection and direction before it stops reading from the sender, whatever faults are on.
   * One read (at most 64 KiB) may come on top, and the kernel's socket buffers. Raise it for latency at high rates: a direction
   * carries at most `bufferBytesMax` per delay.
   * @default 65536
   */
  readonly bufferBytesMax: number;
  /**
   * Connections at once, parked ones included; further dials are accepted and reset, and counted as `overLimit`.
   * @default 16384
   */
  readonly connectionsMax: number;
  /**
   * Faults on a proxy at once, those put on single connections included; more throw `limit`.
   * @default 4096
   */
  readonly faultsMax: number;
  /**
   * A connection whose two ends have both ended, while a fault hides it from them, is let go after this long.
   * It is what Linux gives an orphaned socket.
   * @default 60000
   */
  readonly lingerMs: number;
}

/** Options of `openProxy`. */
export interface ProxyOptions extends Partial<ProxyLimits> {
  /** Where connections are carried to. Changed later by `setTarget`. */
  readonly target: Address;
  /** The address to listen on. @default "127.0.0.1" */
  readonly host?: string;
  /** The port to listen on; 0 lets the system choose. @default 0 */
  readonly port?: number;
  /** Decides every random choice of this proxy and its faults: [0, 2^53). @default a fresh one, readable as `proxy.seed` */
  readonly seed?: number;
  /** Parts of the world to replace, such as the clock. @default real sockets, real time */
  readonly env?: Partial<LabEnv>;
}

/** Options with everything filled in. */
export interface ResolvedOptions {
  readonly target: Address;
  readonly listen: Address;
  readonly seed: number;
  readonly env: LabEnv;
  readonly limits: ProxyLimits;
}

export function resolveOptions(options: ProxyOptions, ambient: LabEnv): ResolvedOptions {
  const env: LabEnv = { ...ambient, ...options.env };
  return Object.freeze({
    target: checkTarget(options.target),
    listen: { host: options.host ?? "127.0.0.1", port: checkWhole("port", options.port ?? 0, 0, 65_535) },
    seed: checkWhole("seed", options.seed ?? env.rng.u32(), 0, Number.MAX_SAFE_INTEGER),
    env,
    limits: Object.freeze({
      bufferBytesMax: checkWhole("bufferBytesMax", options.bufferBytesMax ?? 65_536, 1),
      connectionsMax: checkWhole("connectionsMax", options.connectionsMax ?? 16_384, 1),
      faultsMax: checkWhole("faultsMax", options.faultsMax ?? 4096, 1),
      lingerMs: checkNumber("lingerMs", options.lingerMs ?? 60_000, 0),
    }),
  });
}

export function checkTarget(target: Address): Address {
  return Object.freeze({ host: target.host, port: checkWhole("target.port", target.port, 1, 65_535) });
}

/** Returns `value` if it is a finite number in [min, max]; throws a RangeError that names the option otherwise. */
export function checkNumber(name: string, value: number, min: number, max: number = Number.MAX_VALUE): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw new RangeError(`Expected \`${name}\` to be a number in [${min}, ${max}], got ${String(value)}`);
}

/** As `checkNumber`, whole numbers only. */
export function checkWhole(name: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`Expected \`${name}\` to be a whole number in [${min}, ${max}], got ${String(value)}`);
}

/** Returns `value` if it is one of `choices`; throws a RangeError that names the option otherwise. */
export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new RangeError(`Expected \`${name}\` to be one of ${choices.join(", ")}, got ${String(value)}`);
}

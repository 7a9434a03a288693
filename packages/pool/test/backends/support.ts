/** Backends in virtual time: a seeded source of randomness, and a balancer with what it told. */
import type { Rng } from "@holdfast/protocol";
import { type BackendSpec, Balancer } from "../../src/backends/balancer.ts";
import type { BackendChange } from "../../src/backends/changes.ts";
import { type BackendOptions, resolveBackendOptions } from "../../src/backends/options.ts";

/** mulberry32: enough for tests, and the same for everyone. */
export function seeded(seed: number): Rng {
  let state = seed >>> 0;
  return {
    u32: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return (mixed ^ (mixed >>> 14)) >>> 0;
    },
  };
}

export interface Watched {
  readonly balancer: Balancer;
  readonly changes: BackendChange[];
  readonly options: BackendOptions;
}

export function watched(specs: readonly BackendSpec[], given: Partial<BackendOptions> = {}, seed = 1): Watched {
  const changes: BackendChange[] = [];
  const options = resolveBackendOptions(given);
  return { balancer: new Balancer(specs, options, seeded(seed), 0, (change) => changes.push(change)), changes, options };
}

/** Backends called a, b, c... */
export const named = (count: number): BackendSpec[] => Array.from({ length: count }, (_, i) => ({ origin: `http://${String.fromCharCode(97 + i)}` }));

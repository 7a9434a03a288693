/**
 * Seeded randomness with named, independent streams: what one part of a run draws never shifts what another one gets,
 * so a fault taken out of a plan leaves the rest of the run as it was. Never used where unpredictability matters.
 */
import type { Rng } from "@holdfast/protocol";

/** FNV-1a over the text's UTF-16 units, 32 bits. */
export function hash32(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** One step of a mixer that spreads every input bit over 32 output bits. */
function mix(value: number): number {
  let z = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

export class Random implements Rng {
  readonly #a: number;
  readonly #b: number;
  #s0: number;
  #s1: number;
  #s2: number;
  #counter = 1;

  /** `a` and `b` together are the seed: 64 bits. */
  constructor(a: number, b: number) {
    this.#a = a >>> 0;
    this.#b = b >>> 0;
    this.#s0 = mix(this.#a);
    this.#s1 = mix(this.#b ^ 0x9e3779b9);
    this.#s2 = mix(this.#a ^ mix(this.#b));
    for (let i = 0; i < 8; i++) this.u32();
  }

  /** The stream of a run's seed. */
  static ofSeed(seed: number): Random {
    return new Random(seed >>> 0, Math.floor(seed / 0x1_0000_0000));
  }

  /** An independent stream for `name`, whatever has been drawn from this one. */
  fork(name: string): Random {
    return new Random(hash32(name, this.#a ^ 0x811c9dc5), hash32(name, this.#b ^ 0x01000193));
  }

  /** sfc32. */
  u32(): number {
    const t = (this.#s0 + this.#s1 + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#s0 = this.#s1 ^ (this.#s1 >>> 9);
    this.#s1 = (this.#s2 + (this.#s2 << 3)) | 0;
    this.#s2 = (((this.#s2 << 21) | (this.#s2 >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** In [0, 1). */
  fraction(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** Whole, from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + this.fraction() * (high - low);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.fraction() * list.length)] as T;
  }

  /** An exponentially distributed delay with this mean, at most 8 times the mean. */
  wait(meanMs: number): number {
    return Math.min(8, -Math.log(1 - this.fraction())) * meanMs;
  }
}

/**
 * The lab's only randomness: sfc32, a small generator of good quality, seeded by one number.
 * It never looks at a clock or at the system's randomness, so that a printed seed replays a run's choices exactly.
 */

/** Seeded randomness. The same seed and the same calls give the same numbers on every machine. */
export interface Random {
  /** A whole number in [0, 2^32). */
  u32(): number;
  /** A fraction in [0, 1). */
  float(): number;
  /** A whole number in [min, max], both included. `max - min` is below 2^32. */
  integer(min: number, max: number): number;
  /** One of `items`, which is not empty. */
  pick<T>(items: readonly T[]): T;
  bytes(count: number): Uint8Array;
  /**
   * An independent generator named by whole numbers. It depends on the seed and the labels alone, not on how many numbers were drawn:
   * this is what keeps one connection's luck apart from another's timing.
   */
  fork(...labels: number[]): Random;
}

/** @param seed a whole number in [0, 2^53) */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`Expected \`seed\` to be a whole number in [0, 2^53), got ${seed}`);
  return new Sfc32(mix(mix(0, seed >>> 0), Math.floor(seed / 0x1_0000_0000)));
}

/** Folds a number into a 32-bit hash (the finalizer of MurmurHash3 over a Weyl step). */
function mix(hash: number, value: number): number {
  let h = (hash ^ Math.imul(value, 0x9e37_79b1)) + 0x6d2b_79f5;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

class Sfc32 implements Random {
  readonly #key: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(key: number) {
    this.#key = key;
    this.#a = mix(key, 1);
    this.#b = mix(key, 2);
    this.#c = mix(key, 3);
    // The first outputs still show the key; the authors of the generator throw away twelve.
    for (let round = 0; round < 12; round++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  float(): number {
    return this.u32() / 0x1_0000_0000;
  }

  integer(min: number, max: number): number {
    return min + Math.floor(this.float() * (max - min + 1));
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Expected `items` to hold something to pick from, got nothing");
    return items[this.integer(0, items.length - 1)] as T;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.u32() & 0xff;
    return bytes;
  }

  fork(...labels: number[]): Random {
    let key = mix(this.#key, labels.length);
    for (const label of labels) key = mix(key, label);
    return new Sfc32(key);
  }
}

/**
 * What is published, and how to recognize it: every payload begins with its token and the rest follows from the token, so whoever
 * gets it can tell which publish it is and whether a single byte of it has changed.
 */
import { rawJson } from "@holdfast/client";
import { hash32, Random } from "../random.ts";

/** How large payloads are. `large`: some travel in parts. */
export type PayloadProfile = "tiny" | "mixed" | "large";

export interface Payload {
  readonly token: string;
  readonly format: "json" | "bytes";
  readonly bytes: Buffer;
  /** As `publish` takes it. */
  readonly data: unknown;
}

/** Texts, numbers and line breaks that careless code changes. */
const hostile = ['"\\u0000\\u2028"', '"\u2028\u2029\uFEFFü😀"', "9007199254740993", "1e400", '{"a":1,"a":2}', "[[],{},-0,0.10]", '"\\"}{\\\\"', "[1,\r\n2]"];

/** Sizes around the border between inside and parts, and of several parts. */
const largeBytes = [49_100, 49_152, 49_160, 60_000, 100_000, 140_000];

function sizeOf(profile: PayloadProfile, random: Random): number {
  if (profile === "large" && random.chance(0.2)) return random.pick(largeBytes);
  if (profile !== "tiny" && random.chance(0.2)) return random.int(200, 9_000);
  return random.int(0, 60);
}

export class Payloads {
  readonly #made = new Map<string, Payload>();

  make(token: string, profile: PayloadProfile): Payload {
    const random = new Random(hash32(token), 1);
    const fillerBytes = sizeOf(profile, random);
    const filler = String.fromCharCode(97 + random.int(0, 25)).repeat(fillerBytes);
    const isBytes = random.chance(0.15);
    const text = isBytes ? `${token}|\0\r\n${filler}` : `{"t":"${token}","v":${random.pick(hostile)},"x":"${filler}"}`;
    const bytes = Buffer.from(text);
    const payload: Payload = { token, format: isBytes ? "bytes" : "json", bytes, data: isBytes ? bytes : rawJson(text) };
    this.#made.set(token, payload);
    return payload;
  }

  /** The token of what was received, when it is exactly what was made; else a text that is no token and shows what it is. */
  identify(format: "json" | "bytes", bytes: Uint8Array): string {
    const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 80)).toString("utf8");
    const token = /^(?:\{"t":"([^"]+)"|([^|]+)\|)/.exec(head);
    const made = this.#made.get(token?.[1] ?? token?.[2] ?? "");
    if (made === undefined) return `? ${head.slice(0, 40)}`;
    if (made.format !== format || !made.bytes.equals(bytes)) return `? changed ${made.token}`;
    return made.token;
  }
}

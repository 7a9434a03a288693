/**
 * Keys of TLS session tickets, derived from one secret and the wall clock: nodes that share the secret agree without talking.
 * Pure. It must never hand out a key of a period that the clock has not reached for signing, only for reading.
 *
 *     secret --HKDF-SHA256(rotateMs, period)--> 16 bytes name | 16 bytes HMAC key | 16 bytes AES key
 *
 * The name stands in clear at the front of every ticket, which is how a ticket finds its generation.
 */
import { createHmac } from "node:crypto";

/** What Node's `ticketKeys` wants: name, HMAC key, AES key. */
export const ticketKeysBytes = 48;
export const ticketNameBytes = 16;
/** A secret below this could be guessed offline from a single ticket. */
export const ticketSecretBytesMin = 32;
/** How many generations before the current one are still read. */
export const previousGenerations = 2;

const hashBytes = 32;
const salt = "holdfast tls tickets";

const hmac = (key: Uint8Array | string, ...parts: readonly (Uint8Array | string)[]): Uint8Array => {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return new Uint8Array(mac.digest());
};

/** HKDF with SHA-256 (RFC 5869): extract with a salt of ours, then expand for one purpose. */
export function hkdf(secret: Uint8Array, info: string, bytes: number): Uint8Array {
  const key = hmac(salt, secret);
  const out = new Uint8Array(Math.ceil(bytes / hashBytes) * hashBytes);
  let block: Uint8Array = new Uint8Array(0);
  for (let i = 0; i * hashBytes < bytes; i++) {
    block = hmac(key, block, info, Uint8Array.of(i + 1));
    out.set(block, i * hashBytes);
  }
  return out.subarray(0, bytes);
}

/** Which rotation period a moment belongs to. */
export const periodAt = (wallMs: number, rotateMs: number): number => Math.floor(wallMs / rotateMs);

/**
 * The 48 bytes for one period. The length of a period is part of what is derived from, so that nodes which disagree on it never share a
 * name with different keys: their tickets are simply unknown to each other.
 */
export function ticketKeysFor(secret: Uint8Array, rotateMs: number, period: number): Uint8Array {
  return hkdf(secret, `keys ${rotateMs} ${period}`, ticketKeysBytes);
}

/**
 * The session id context: OpenSSL refuses to resume a session of another one. Node makes it from the command line, which would part nodes
 * (and releases) that were started differently.
 */
export const sessionContextFor = (secret: Uint8Array): string => Buffer.from(hkdf(secret, "session id context", 16)).toString("hex");

/** The name in front of a ticket, as text that can be a key of a map. */
export const ticketName = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, ticketNameBytes).toString("hex");

export interface HonouredPeriods {
  /** The one whose keys make new tickets. */
  readonly current: number;
  /** All whose tickets are read, newest first; `current` is among them. */
  readonly all: readonly number[];
}

/**
 * The periods whose tickets are read at a moment: the current one, two before it, and the next one while the clock is so near to it that a
 * node whose clock is ahead may be there already. `first` is the period before which no ticket can exist.
 */
export function honouredPeriods(wallMs: number, rotateMs: number, skewMs: number, first = Number.NEGATIVE_INFINITY): HonouredPeriods {
  const current = periodAt(wallMs, rotateMs);
  const newest = periodAt(wallMs + skewMs, rotateMs) > current ? current + 1 : current;
  const all: number[] = [];
  for (let period = newest; period >= current - previousGenerations; period--) {
    if (period >= first || period === current) all.push(period);
  }
  return { current, all };
}

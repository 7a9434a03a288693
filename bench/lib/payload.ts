/**
 * The payload that every contender carries: JSON of an exact size that begins with the time of its publish,
 * so that a reader can tell how old it is from a fixed offset, without parsing.
 */

/** `{"at":"` comes before the digits. */
const digitsAt = 7;
const digits = 16;
const frameBytes = '{"at":"'.length + digits + '","pad":""}'.length;

/** Microseconds of the clock that all processes of one machine share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** A payload of exactly `bytes` bytes (40 or more) that says when it was due. */
export function payloadText(bytes: number, atUs: number): string {
  if (bytes < 40) throw new RangeError(`Expected a payload of at least 40 bytes, got ${bytes}`);
  return `{"at":"${String(Math.round(atUs)).padStart(digits, "0")}","pad":"${"x".repeat(bytes - frameBytes)}"}`;
}

/** Reads the time out of a payload that begins at `start`. */
export function payloadTimeUs(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let i = start + digitsAt; i < start + digitsAt + digits; i++) value = value * 10 + (bytes[i] as number) - 48;
  return value;
}

/**
 * What is published: numbered entries whose text follows from stream and number, so that any change of it on the way shows. Pure.
 * Sizes vary on purpose: most are small, some fill several packets, a few travel in parts.
 */

const largeEvery = 50;
const partsEvery = 400;
const largeBytes = 4_000;
const partsBytes = 60_000;
const envelopeBytes = 400;

/** The JSON text of entry `n` of a stream. `bytesMax` is the largest payload that the server takes. */
export function payloadText(stream: string, n: number, bytesMax: number): string {
  const wanted = n % partsEvery === partsEvery - 1 ? partsBytes : n % largeEvery === largeEvery - 1 ? largeBytes : 20 + ((n * 7_919) % 300);
  const size = Math.max(0, Math.min(wanted, bytesMax - envelopeBytes));
  const unit = `${n}.`;
  return `{"stream":${JSON.stringify(stream)},"n":${n},"pad":"${unit.repeat(Math.ceil(size / unit.length)).slice(0, size)}"}`;
}

/** The number in a payload of this stream; null when it is not, byte for byte, one that was published here. */
export function numberIn(text: string | null, stream: string, bytesMax: number): number | null {
  const found = text === null ? null : /^\{"stream":"[^"]*","n":(\d{1,15}),/.exec(text);
  if (found === null) return null;
  const n = Number(found[1]);
  return text === payloadText(stream, n, bytesMax) ? n : null;
}

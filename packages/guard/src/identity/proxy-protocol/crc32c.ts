/** CRC32C (Castagnoli, RFC 4960 appendix B), by a table of 256 words. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let word = byte;
  for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ 0x82f6_3b78 : word >>> 1;
  return word;
});

/** The checksum of `bytes` as if the four bytes at `zeroAt` were zero, where the checksum itself stands. */
export function crc32c(bytes: Uint8Array, zeroAt = -1): number {
  let sum = 0xffff_ffff;
  for (const [at, byte] of bytes.entries()) {
    const value = zeroAt >= 0 && at >= zeroAt && at < zeroAt + 4 ? 0 : byte;
    sum = (table[(sum ^ value) & 0xff] ?? 0) ^ (sum >>> 8);
  }
  return (sum ^ 0xffff_ffff) >>> 0;
}

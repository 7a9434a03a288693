/**
 * Version 2 of the PROXY protocol: binary, its length known after 16 bytes. It must never wait for more bytes than its limit allows.
 *
 *     0            12        13              14     16
 *     | signature  | 2 | cmd | family | kind | len  | addresses | additions |
 */
import { addressOfBytes, formatAddress } from "../address.ts";
import { readAdditions } from "./additions.ts";
import { crc32c } from "./crc32c.ts";
import { type Decoded, type Endpoint, fault, type ProxyHeader } from "./header.ts";

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const fixedBytes = 16;
const unixPathBytes = 108;

/** Bytes of the two addresses and ports, by the byte of family and kind. Other good combinations have ends that we do not know. */
const addressBytes: ReadonlyMap<number, number> = new Map([
  [0x11, 12],
  [0x21, 36],
  [0x31, 2 * unixPathBytes],
]);

/** Whether the byte may begin a header of version 2. */
export const startsV2 = (byte: number | undefined): boolean => byte === signature[0];

/** Decodes what has come since the accept; a header above `bytesMax` is refused as soon as it says its length. */
export function decodeV2(bytes: Uint8Array, bytesMax: number): Decoded {
  const begun = Math.min(bytes.length, signature.length);
  for (let i = 0; i < begun; i++) {
    if (bytes[i] !== signature[i]) return fault("proxy_header_missing", "the first bytes are not the signature");
  }
  const [versionCommand, familyKind] = [bytes[12], bytes[13]];
  if (versionCommand !== undefined && versionCommand !== 0x20 && versionCommand !== 0x21) {
    return fault("proxy_header_malformed", "an unknown version or command");
  }
  if (familyKind !== undefined && (familyKind >> 4 > 3 || (familyKind & 15) > 2)) return fault("proxy_header_malformed", "an unknown family or kind");
  if (bytes.length < fixedBytes) return { kind: "more", bytesMin: fixedBytes };
  const byteLength = fixedBytes + (bytes[14] ?? 0) * 256 + (bytes[15] ?? 0);
  // Of a LOCAL header everything behind the length is to be skipped, the family too.
  const isLocal = versionCommand === 0x20;
  const addresses = isLocal ? 0 : (addressBytes.get(familyKind ?? 0) ?? 0);
  if (byteLength - fixedBytes < addresses) return fault("proxy_header_malformed", "a length too small for its addresses");
  if (byteLength > bytesMax) return fault("proxy_header_too_long", `${byteLength} bytes; at most ${bytesMax}`);
  if (bytes.length < byteLength) return { kind: "more", bytesMin: byteLength };
  if (isLocal) return { kind: "header", header: { version: 2, kind: "local" }, byteLength };
  if (addresses === 0) return { kind: "header", header: { version: 2, kind: "unknown" }, byteLength };
  return decodeEnds(bytes.subarray(0, byteLength), addresses);
}

function decodeEnds(bytes: Uint8Array, addresses: number): Decoded {
  const read = readAdditions(bytes, fixedBytes + addresses, bytes.length);
  if (!read.ok) return fault("proxy_header_malformed", read.why);
  const { additions, checksumAt } = read;
  if (checksumAt !== null && crc32c(bytes, checksumAt) !== wordAt(bytes, checksumAt)) return fault("proxy_header_checksum", "the checksum is another");
  const header: ProxyHeader =
    addresses === 2 * unixPathBytes
      ? { version: 2, kind: "unix", source: pathAt(bytes, fixedBytes), destination: pathAt(bytes, fixedBytes + unixPathBytes), additions }
      : { version: 2, kind: "tcp", ...endsOf(bytes, (addresses - 4) / 2), additions };
  return { kind: "header", header, byteLength: bytes.length };
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) * 0x100_0000 + (bytes[at + 1] ?? 0) * 0x1_0000 + (bytes[at + 2] ?? 0) * 0x100 + (bytes[at + 3] ?? 0);

function endsOf(bytes: Uint8Array, size: number): { source: Endpoint; destination: Endpoint } {
  const end = (i: 0 | 1): Endpoint => {
    const address = addressOfBytes(bytes.subarray(fixedBytes + i * size, fixedBytes + (i + 1) * size));
    const portAt = fixedBytes + 2 * size + 2 * i;
    return { address: formatAddress(address), family: address.family === 4 ? "IPv4" : "IPv6", port: (bytes[portAt] ?? 0) * 256 + (bytes[portAt + 1] ?? 0) };
  };
  return { source: end(0), destination: end(1) };
}

/** The path up to its first NUL, every byte as one character: paths need not be UTF-8. */
function pathAt(bytes: Uint8Array, at: number): string {
  const path = bytes.subarray(at, at + unixPathBytes);
  const end = path.indexOf(0);
  return String.fromCharCode(...(end < 0 ? path : path.subarray(0, end)));
}

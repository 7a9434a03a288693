/**
 * IP addresses as text, number and key: read strictly, written canonically (RFC 5952), compared without a regular expression.
 * It must never guess: what is not exactly an address is null, because caps, trust and logs hang on the answer.
 *
 * Four words hold 128 bits. An IPv4 address is kept as its IPv4-mapped IPv6 form, so one comparison serves both families, and
 * `::ffff:192.0.2.1`, which a dual-stack listener shows for an IPv4 peer, is the same address as `192.0.2.1`.
 */

/** An address in 128 bits; IPv4 is `::ffff:a.b.c.d` with family 4. A zone (`%eth0`) is not part of it. */
export interface Address {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
}

/** What callers show for a peer without an address: a Unix socket. */
export const unixKey = "unix";

const zero = 48;
const nine = 57;
const dot = 46;
const colon = 58;
/** "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", two brackets, and a zone as long as an interface name. */
const textCharsMax = 64;

/** The 32 bits of a dotted quad, or -1. Leading zeros are refused: some read them as octal. */
function ipv4At(text: string, from: number, to: number): number {
  let value = 0;
  let octets = 0;
  let at = from;
  while (at < to) {
    const start = at;
    let octet = 0;
    while (at < to && at - start < 4) {
      const code = text.charCodeAt(at);
      if (code < zero || code > nine) break;
      octet = octet * 10 + code - zero;
      at++;
    }
    const digits = at - start;
    if (digits === 0 || octet > 255 || (digits > 1 && text.charCodeAt(start) === zero)) return -1;
    value = value * 256 + octet;
    octets++;
    if (octets === 4) return at === to ? value : -1;
    if (text.charCodeAt(at) !== dot || at >= to) return -1;
    at++;
  }
  return -1;
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(code: number): number {
  if (code >= zero && code <= nine) return code - zero;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Eight groups of an IPv6 address between two places of the text, or null. */
function groupsAt(text: string, from: number, to: number): number[] | null {
  const groups: number[] = [];
  let gapAt = -1;
  let at = from;
  if (text.charCodeAt(at) === colon) {
    // A leading colon is only good as the first half of "::".
    if (text.charCodeAt(at + 1) !== colon) return null;
    at++;
    gapAt = 0;
    at++;
  }
  while (at < to) {
    if (groups.length === 8) return null;
    const start = at;
    let group = 0;
    while (at < to && at - start < 5) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      group = group * 16 + digit;
      at++;
    }
    if (at < to && text.charCodeAt(at) === dot) {
      const tail = ipv4At(text, start, to);
      if (tail < 0 || groups.length > 6) return null;
      groups.push(Math.floor(tail / 65_536), tail % 65_536);
      at = to;
      break;
    }
    if (at === start || at - start > 4) return null;
    groups.push(group);
    if (at === to) break;
    if (text.charCodeAt(at) !== colon) return null;
    at++;
    // What ends in one colon is cut off.
    if (at === to) return null;
    if (text.charCodeAt(at) !== colon) continue;
    if (gapAt >= 0) return null;
    gapAt = groups.length;
    at++;
  }
  if (gapAt < 0) return groups.length === 8 ? groups : null;
  // "::" stands for one group at least.
  if (groups.length > 7) return null;
  const missing = 8 - groups.length;
  return [...groups.slice(0, gapAt), ...new Array<number>(missing).fill(0), ...groups.slice(gapAt)];
}

/** Whether the text names an interface: letters, digits, and what such names are joined with. */
function isZone(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    const lower = code | 32;
    const isName = (code >= zero && code <= colon) || (lower >= 97 && lower <= 122) || code === dot || code === 45 || code === 95;
    if (!isName) return false;
  }
  return to > from;
}

const join = (high: number | undefined, low: number | undefined): number => (high ?? 0) * 65_536 + (low ?? 0);

/**
 * Reads an address: IPv4, IPv6, IPv6 in brackets, with or without a zone. Null for anything else, names and ports included.
 */
export function parseAddress(text: string): Address | null {
  if (text.length > textCharsMax) return null;
  let from = 0;
  let to = text.length;
  const quad = ipv4At(text, 0, to);
  if (quad >= 0) return { family: 4, words: [0, 0, 0xffff, quad] };
  if (text.startsWith("[")) {
    if (!text.endsWith("]")) return null;
    from++;
    to--;
  }
  const zone = text.indexOf("%", from);
  if (zone >= 0) {
    if (!isZone(text, zone + 1, to)) return null;
    to = zone;
  }
  const groups = to > from ? groupsAt(text, from, to) : null;
  if (groups === null) return null;
  const [a, b, c, d, e, f, g, h] = groups;
  const words: Address["words"] = [join(a, b), join(c, d), join(e, f), join(g, h)];
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return { family: isMapped ? 4 : 6, words };
}

/** Makes an address of 4 or 16 bytes in network order. */
export function addressOfBytes(bytes: Uint8Array): Address {
  const word = (at: number): number => ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)) * 65_536 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
  if (bytes.length === 4) return { family: 4, words: [0, 0, 0xffff, word(0)] };
  const words: Address["words"] = [word(0), word(4), word(8), word(12)];
  return { family: words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? 4 : 6, words };
}

const quadText = (value: number): string => `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** The canonical text: a dotted quad, or RFC 5952 (lower case, the longest run of zero groups as `::`). */
export function formatAddress({ family, words }: Address): string {
  if (family === 4) return quadText(words[3]);
  const groups = words.flatMap((word) => [Math.floor(word / 65_536), word % 65_536]);
  let [runAt, runLength] = [-1, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    // One zero group alone is written as it is; of two equal runs the first is shortened.
    if (end - at > runLength) [runAt, runLength] = [at, end - at];
    at = Math.max(at, end - 1);
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return runAt < 0 ? text(0, 8) : `${text(0, runAt)}::${text(runAt + runLength, 8)}`;
}

/** The canonical text of an address given as text, or null. */
export function normalizeAddress(text: string): string | null {
  const address = parseAddress(text);
  return address === null ? null : formatAddress(address);
}

/** Whether an address is the machine itself: 127.0.0.0/8 or ::1. */
export function isLoopback({ family, words }: Address): boolean {
  if (family === 4) return words[3] >>> 24 === 127;
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}

/** Bits of a word that belong to a prefix of `bits` that begins with that word. */
const maskOf = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? 0xffff_ffff : (0xffff_ffff << (32 - bits)) >>> 0);

/** An address with everything beyond its first `bits` (of 128) set to zero. */
export function maskAddress({ family, words }: Address, bits: number): Address {
  const cut = (at: 0 | 1 | 2 | 3): number => (words[at] & maskOf(bits - 32 * at)) >>> 0;
  return { family, words: [cut(0), cut(1), cut(2), cut(3)] };
}

/**
 * What is counted as one client: an IPv4 address itself, or the network of an IPv6 address, because a host there has a whole
 * /64 to choose from. `::1` stays itself. A peer without an address (a Unix socket) is `unix`; what is no address, `unknown`.
 */
export function addressKey(text: string | undefined, ipv6PrefixBits = 64): string {
  if (text === undefined) return unixKey;
  const address = parseAddress(text);
  if (address === null) return "unknown";
  if (address.family === 4) return quadText(address.words[3]);
  if (isLoopback(address)) return "::1";
  return `${formatAddress(maskAddress(address, ipv6PrefixBits))}/${ipv6PrefixBits}`;
}

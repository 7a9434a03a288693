/**
 * Lists of networks: whether an address is in one of them. Trust is decided here, so an entry that could mean two things is
 * refused when the list is made, not read in the wider sense.
 */
import { type Address, formatAddress, maskAddress, parseAddress, unixKey } from "./address.ts";

/** A checked list of networks. */
export interface CidrList {
  /** The entries, canonical, in the order given. */
  readonly entries: readonly string[];
  /** Whether the address is in one of the networks; `undefined` is a peer of a Unix socket. What is no address is in none. */
  has(address: string | Address | undefined): boolean;
}

interface Network {
  readonly base: Address;
  /** Of 128, also for IPv4. */
  readonly bits: number;
}

function parseBits(entry: string, text: string, max: number): number {
  const bits = /^\d{1,3}$/.test(text) && (text === "0" || !text.startsWith("0")) ? Number(text) : -1;
  if (bits < 0 || bits > max) throw new TypeError(`Expected a prefix of 0 to ${max} bits, got ${JSON.stringify(entry)}`);
  return bits;
}

function parseNetwork(entry: string): Network {
  const slash = entry.indexOf("/");
  const text = slash < 0 ? entry : entry.slice(0, slash);
  const base = text.includes("%") || text.includes("[") ? null : parseAddress(text);
  if (base === null) throw new TypeError(`Expected a network such as "10.0.0.0/8", "fd00::/8" or "unix", got ${JSON.stringify(entry)}`);
  // "::ffff:10.0.0.0/104" counts its bits from the front of the IPv6 form.
  const isQuad = !text.includes(":");
  const max = isQuad ? 32 : 128;
  const given = slash < 0 ? max : parseBits(entry, entry.slice(slash + 1), max);
  const bits = isQuad ? given + 96 : given;
  if (base.family === 4 && bits < 96) throw new TypeError(`Expected IPv4 networks to be written as IPv4, got ${JSON.stringify(entry)}`);
  const masked = maskAddress(base, bits);
  if (masked.words.some((word, i) => word !== base.words[i])) {
    const meant = `${formatAddress(masked)}/${base.family === 4 ? bits - 96 : bits}`;
    throw new TypeError(`Expected no bits beyond the prefix, got ${JSON.stringify(entry)}; ${meant} is the whole network`);
  }
  return { base, bits };
}

function isIn({ family, words }: Address, { base, bits }: Network): boolean {
  if (family !== base.family) return false;
  for (let i = 0; i < 4 && bits > 32 * i; i++) {
    const differing = ((words[i] ?? 0) ^ (base.words[i] ?? 0)) >>> 0;
    const inside = bits - 32 * i;
    if (inside >= 32 ? differing !== 0 : differing >>> (32 - inside) !== 0) return false;
  }
  return true;
}

/**
 * Makes a list of CIDR networks, single addresses, and `"unix"` for peers of Unix sockets. Lookups go through the entries one by one:
 * lists are written by hand, and a hundred comparisons of words cost less than the accept that they follow.
 * @throws {TypeError} for an entry that is not exactly a network
 */
export function cidrList(entries: readonly string[]): CidrList {
  if (!Array.isArray(entries)) throw new TypeError(`Expected a list of networks, got ${typeof entries}`);
  const networks: Network[] = [];
  let hasUnix = false;
  const canonical = entries.map((entry: unknown) => {
    if (typeof entry !== "string") throw new TypeError(`Expected networks to be strings, got ${typeof entry}`);
    if (entry === unixKey) {
      hasUnix = true;
      return entry;
    }
    const network = parseNetwork(entry);
    networks.push(network);
    return `${formatAddress(network.base)}/${network.base.family === 4 ? network.bits - 96 : network.bits}`;
  });
  return Object.freeze({
    entries: Object.freeze(canonical),
    has: (given: string | Address | undefined): boolean => {
      if (given === undefined) return hasUnix;
      const address = typeof given === "string" ? parseAddress(given) : given;
      return address !== null && networks.some((network) => isIn(address, network));
    },
  });
}

/**
 * The additions (type, length, value) behind the addresses of version 2. Each length is checked against what holds it, and what is
 * read may come once: two of a kind would let two readers see two different clients.
 */
import type { ProxiedTls, ProxyAdditions } from "./header.ts";

const types = { alpn: 0x01, authority: 0x02, checksum: 0x03, uniqueId: 0x05, tls: 0x20, tlsVersion: 0x21, tlsCommonName: 0x22 } as const;
const uniqueIdBytesMax = 128;

const flags = { encrypted: 1, certificateOnConnection: 2, certificateInSession: 4 } as const;

export type ReadAdditions =
  | { readonly ok: true; readonly additions: ProxyAdditions /** Where in the bytes the four of the checksum are. */; readonly checksumAt: number | null }
  | { readonly ok: false; readonly why: string };

interface Item {
  readonly value: Uint8Array;
  readonly at: number;
}

/** Items of the known types between two places, or why they are none. */
function itemsIn(bytes: Uint8Array, from: number, to: number, known: ReadonlySet<number>): ReadonlyMap<number, Item> | string {
  const items = new Map<number, Item>();
  let at = from;
  while (at < to) {
    if (at + 3 > to) return "an addition is cut off";
    const type = bytes[at] ?? 0;
    const length = (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0);
    at += 3;
    if (at + length > to) return "an addition is longer than what holds it";
    if (known.has(type)) {
      if (items.has(type)) return "an addition comes twice";
      items.set(type, { value: bytes.subarray(at, at + length), at });
    }
    at += length;
  }
  return items;
}

const outer = new Set<number>([types.alpn, types.authority, types.checksum, types.uniqueId, types.tls]);
const inner = new Set<number>([types.tlsVersion, types.tlsCommonName]);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text, null when the item is not there, or false when its bytes are no UTF-8. */
function textOf(item: Item | undefined): string | null | false {
  if (item === undefined) return null;
  try {
    return utf8.decode(item.value);
  } catch {
    return false;
  }
}

function readTls(bytes: Uint8Array, { value, at }: Item): ProxiedTls | string {
  if (value.length < 5) return "the TLS addition is cut off";
  const items = itemsIn(bytes, at + 5, at + value.length, inner);
  if (typeof items === "string") return items;
  const client = value[0] ?? 0;
  const version = textOf(items.get(types.tlsVersion));
  const commonName = textOf(items.get(types.tlsCommonName));
  if (version === false || commonName === false) return "an addition is not UTF-8";
  const certificate = (client & (flags.certificateOnConnection | flags.certificateInSession)) !== 0;
  // Zero means verified, and is also what stands there when there was nothing to verify.
  const verified = certificate && value.subarray(1, 5).every((byte) => byte === 0);
  return { encrypted: (client & flags.encrypted) !== 0, certificate, verified, version, commonName };
}

/** Reads the additions between two places of a header. */
export function readAdditions(bytes: Uint8Array, from: number, to: number): ReadAdditions {
  const items = itemsIn(bytes, from, to, outer);
  if (typeof items === "string") return { ok: false, why: items };
  const checksum = items.get(types.checksum);
  if (checksum !== undefined && checksum.value.length !== 4) return { ok: false, why: "a checksum that is not four bytes" };
  const uniqueId = items.get(types.uniqueId);
  if (uniqueId !== undefined && uniqueId.value.length > uniqueIdBytesMax) return { ok: false, why: "a unique id above 128 bytes" };
  const authority = textOf(items.get(types.authority));
  if (authority === false) return { ok: false, why: "an addition is not UTF-8" };
  const tlsItem = items.get(types.tls);
  const tls = tlsItem === undefined ? null : readTls(bytes, tlsItem);
  if (typeof tls === "string") return { ok: false, why: tls };
  const alpn = items.get(types.alpn);
  return {
    ok: true,
    // ALPN names are bytes; those in use are ASCII. Copied, because the bytes of the header are not kept.
    additions: {
      alpn: alpn === undefined ? null : String.fromCharCode(...alpn.value),
      authority,
      uniqueId: uniqueId === undefined ? null : new Uint8Array(uniqueId.value),
      tls,
    },
    checksumAt: checksum?.at ?? null,
  };
}

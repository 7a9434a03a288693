/**
 * Who a request is from when trusted proxies say so in a header: hop by hop from the socket's peer to the left, as far as trust goes.
 * It must never read what an untrusted peer wrote, and never believe two headers: the one that was chosen counts, the other is
 * somebody's wish.
 *
 *     X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.0.0.4        peer 10.0.0.5
 *                      a wish       the client <── trusted <────── trusted
 */
import { normalizeAddress } from "./address.ts";
import type { CidrList } from "./cidr.ts";
import { type ForwardedElement, lastOfForwarded, lastOfXForwardedFor, parseHost, parseProto } from "./forwarded-parse.ts";
import { headerValues } from "./headers.ts";

export interface ForwardedOptions {
  /** The header that the nearest proxy writes. Any other is ignored. */
  readonly header: "forwarded" | "x-forwarded-for";
  /** Addresses of proxies: the walk goes left while it is at one of them. */
  readonly trusted?: CidrList;
  /** Number of proxies in front, the peer included: the walk goes at most so far. Without `trusted` every peer is a proxy. */
  readonly hops?: number;
  /** The longest walk; the rest of a longer header is not read. @default 16 */
  readonly hopsMax?: number;
}

/** Why the walk ended where it did. */
export type ForwardedStop =
  /** The peer is no proxy of ours: nothing was read. */
  | "peer_untrusted"
  /** The address is no trusted proxy, or the hops are counted: this is the client. */
  | "client"
  /** Every address that was given is a trusted proxy; the leftmost is the client. */
  | "exhausted"
  /** The next entry is garbage; the address is the last one known. */
  | "garbage"
  /** The next hop hides its name (`unknown`, `_name`). */
  | "hidden"
  /** More hops than `hopsMax`. */
  | "hops_limit";

export interface ForwardedClient {
  /** Canonical; undefined when it is the peer of a Unix socket. */
  readonly address: string | undefined;
  readonly port: number | null;
  /** What the trusted hop says of the client's request; null when it says nothing. */
  readonly proto: "http" | "https" | null;
  readonly host: string | null;
  /** Entries of the header that were believed. */
  readonly hops: number;
  readonly stop: ForwardedStop;
}

/** A request as far as it matters here. */
export interface ForwardedRequest {
  /** The socket's peer: after a PROXY header the one that the header names; undefined for a Unix socket. */
  readonly peer: string | undefined;
  readonly rawHeaders: readonly string[];
}

/** Checks the options and returns the function that names the client of a request. */
export function forwardedReader(options: ForwardedOptions): (request: ForwardedRequest) => ForwardedClient {
  const { header, trusted, hops, hopsMax = 16 } = options;
  if (header !== "forwarded" && header !== "x-forwarded-for") {
    throw new TypeError(`Expected \`header\` to be "forwarded" or "x-forwarded-for", got ${JSON.stringify(header)}`);
  }
  if (trusted === undefined && hops === undefined) throw new TypeError("Expected `trusted` or `hops`: without either nobody could be believed");
  for (const [name, value] of Object.entries({ hops: hops ?? 1, hopsMax })) {
    if (!Number.isSafeInteger(value) || value < 1 || value > 64) throw new TypeError(`Expected \`${name}\` to be a whole number in [1, 64], got ${value}`);
  }
  const last = header === "forwarded" ? lastOfForwarded : lastOfXForwardedFor;
  const isTrusted = (address: string | undefined): boolean => trusted?.has(address) ?? true;
  return ({ peer, rawHeaders }) => {
    const here = peer === undefined ? undefined : (normalizeAddress(peer) ?? peer);
    if (!isTrusted(here)) return { address: here, port: null, proto: null, host: null, hops: 0, stop: "peer_untrusted" };
    const values = headerValues(rawHeaders, header);
    const walked = walk(here, values.length === 0 ? null : values.join(","), { last, isTrusted, hops: hops ?? Infinity, hopsMax });
    return header === "forwarded" ? walked : { ...walked, ...besideIt(rawHeaders) };
  };
}

interface Walk {
  readonly last: typeof lastOfForwarded;
  isTrusted(address: string | undefined): boolean;
  readonly hops: number;
  readonly hopsMax: number;
}

function walk(peer: string | undefined, list: string | null, { last, isTrusted, hops, hopsMax }: Walk): ForwardedClient {
  let at: ForwardedElement | null = null;
  let rest = list;
  let count = 0;
  const ended = (stop: ForwardedStop): ForwardedClient => ({
    address: at === null ? peer : (at.address ?? undefined),
    port: at?.port ?? null,
    proto: at?.proto ?? null,
    host: at?.host ?? null,
    hops: count,
    stop,
  });
  for (;;) {
    // Where we stand is trusted (the peer was checked), so the next entry to the left was written by somebody whom we believe.
    if (count >= hops) return ended("client");
    if (rest === null) return ended("exhausted");
    if (count >= hopsMax) return ended("hops_limit");
    const read = last(rest);
    if (read.element === null) return ended("garbage");
    if (read.element.address === null) return ended("hidden");
    at = read.element;
    rest = read.rest;
    count++;
    if (!isTrusted(read.element.address)) return ended("client");
  }
}

/**
 * Scheme and host beside `X-Forwarded-For`: the last value, which the nearest proxy wrote, or passed on. These lists have no fixed
 * relation to the one of addresses (one hop appends, the next passes on), so any other place could be the client's own.
 */
function besideIt(rawHeaders: readonly string[]): Pick<ForwardedClient, "proto" | "host"> {
  const last = (name: string): string => {
    const value = headerValues(rawHeaders, name).at(-1) ?? "";
    return value.slice(value.lastIndexOf(",") + 1).trim();
  };
  return { proto: parseProto(last("x-forwarded-proto")), host: parseHost(last("x-forwarded-host")) };
}

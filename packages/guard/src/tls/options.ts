/**
 * Options of the TLS front: each documented once, filled and checked in one place, then frozen.
 */
import type { SecureContext } from "node:tls";
import { ticketSecretBytesMin } from "./ticket-keys.ts";

/** Chooses a certificate by the name that the client asks for; no context takes the one of `certFile`. Node's `SNICallback`. */
export type SniCallback = (servername: string, done: (error: Error | null, context?: SecureContext) => void) => void;

export interface TlsFrontOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly passphrase: string | null;
  readonly clientCaFile: string | null;
  readonly alpn: readonly string[];
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly ciphers: string;
  readonly sniCallback: SniCallback | null;
  readonly handshakeMs: number;
  readonly ticketSecret: string | Uint8Array | null;
  readonly ticketRotateMs: number;
  readonly ticketSkewMs: number;
  readonly ticketLifeMs: number;
  readonly reloadCheckMs: number;
  readonly expiryWarnMs: number;
}

/** What has to be given; the rest has defaults. */
export type TlsFrontSettings = Pick<TlsFrontOptions, "certFile" | "keyFile"> & Partial<TlsFrontOptions>;

interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  readonly what: string;
  /** Least and greatest of a number. */
  readonly range?: readonly [least: number, greatest: number];
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** TLS 1.3 forbids tickets that live longer (RFC 8446, section 4.6.1). */
const ticketLifeMsMax = 7 * dayMs;

/** Authenticated encryption with forward secrecy, and nothing else: what of TLS 1.2 HTTP/2 allows (RFC 9113, appendix A). */
const defaultCiphers = [
  ...["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"],
  ...["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].flatMap((cipher) => [`ECDHE-ECDSA-${cipher}`, `ECDHE-RSA-${cipher}`]),
].join(":");

/** Defaults and meaning of every option; docs/tls.md is made from it. */
export const tlsOptionDocs = {
  certFile: { default: "", unit: "path", what: "The certificate, with its chain behind it, in PEM. Must be given" },
  keyFile: { default: "", unit: "path", what: "Its private key, in PEM. Must be given" },
  passphrase: { default: null, unit: "text", what: "Opens an encrypted key" },
  clientCaFile: {
    default: null,
    unit: "path",
    what: "Asks every client for a certificate that these authorities signed, and refuses one without. Read again with the certificate",
  },
  alpn: {
    default: ["h2", "http/1.1"],
    unit: "names",
    what: "Protocols offered, in this order. A client whose list shares none gets an alert; one without a list is let in",
  },
  minVersion: { default: "TLSv1.2", unit: "version", what: "Lowest version: `TLSv1.2` or `TLSv1.3`" },
  ciphers: { default: defaultCiphers, unit: "OpenSSL list", what: "Ciphers of TLS 1.3 and 1.2, the preferred ones first" },
  sniCallback: {
    default: null,
    unit: "function",
    what: "Another certificate by name. One that throws costs its client the handshake, and nobody else anything",
  },
  handshakeMs: { default: 10_000, unit: "ms", range: [1, hourMs], what: "From the accept to the end of the handshake; then the connection is destroyed" },
  ticketSecret: {
    default: null,
    unit: "text or bytes",
    what: "At least 32 bytes, the same on all nodes: a session of one is resumed on each. Without it, one is made up at start, and a restart costs full handshakes",
  },
  ticketRotateMs: {
    default: dayMs / 2,
    unit: "ms",
    range: [1_000, ticketLifeMsMax],
    what: "How long one key makes tickets. It is read for two rotations more. The same on all nodes",
  },
  ticketSkewMs: { default: 60_000, unit: "ms", range: [0, ticketLifeMsMax], what: "How far the clocks of nodes may be apart; below `ticketRotateMs`" },
  ticketLifeMs: { default: dayMs, unit: "ms", range: [1_000, ticketLifeMsMax], what: "Age at which a ticket is refused even where its key is still read" },
  reloadCheckMs: {
    default: 10_000,
    unit: "ms",
    range: [1, dayMs],
    what: "How often the files are looked at. A pair that does not fit is refused, and the old one stays",
  },
  expiryWarnMs: {
    default: 14 * dayMs,
    unit: "ms",
    range: [0, 400 * dayMs],
    what: "A certificate with less than this to live, and less than a third of its life, is warned of once",
  },
} as const satisfies Record<keyof TlsFrontOptions, OptionDoc>;

/** Fills defaults and checks. Throws a TypeError that names the option, what was expected and what was given; never the secret. */
export function resolveTlsOptions(given: TlsFrontSettings): TlsFrontOptions {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(tlsOptionDocs, name)) throw new TypeError(`Expected a known TLS option, got \`${name}\``);
  }
  const filled = Object.fromEntries(
    Object.entries(tlsOptionDocs).map(([name, doc]) => [name, given[name as keyof TlsFrontOptions] ?? doc.default]),
  ) as unknown as TlsFrontOptions;
  for (const name of ["certFile", "keyFile"] as const) {
    if (typeof filled[name] !== "string" || filled[name] === "") throw new TypeError(`Expected \`${name}\` to be a path, got ${shown(filled[name])}`);
  }
  for (const [name, doc] of Object.entries(tlsOptionDocs) as [keyof TlsFrontOptions, OptionDoc][]) checkNumber(name, filled[name], doc);
  if (filled.ticketSkewMs >= filled.ticketRotateMs) {
    throw new TypeError(`Expected \`ticketSkewMs\` to be below \`ticketRotateMs\` (${filled.ticketRotateMs}), got ${filled.ticketSkewMs}`);
  }
  if (!["TLSv1.2", "TLSv1.3"].includes(filled.minVersion)) {
    throw new TypeError(`Expected \`minVersion\` to be "TLSv1.2" or "TLSv1.3", got ${shown(filled.minVersion)}`);
  }
  if (!Array.isArray(filled.alpn) || filled.alpn.length === 0 || !filled.alpn.every((name) => typeof name === "string" && name !== "")) {
    throw new TypeError(`Expected \`alpn\` to be a list of protocol names, got ${shown(filled.alpn)}`);
  }
  if (filled.ticketSecret !== null) checkSecret(filled.ticketSecret);
  return Object.freeze({ ...filled, alpn: Object.freeze([...filled.alpn]) });
}

/** The secret as bytes; a text counts as UTF-8. */
export const secretBytes = (secret: string | Uint8Array): Uint8Array =>
  typeof secret === "string" ? new TextEncoder().encode(secret) : Uint8Array.from(secret);

function checkNumber(name: string, value: unknown, { range, unit }: OptionDoc): void {
  if (range === undefined) return;
  const [least, greatest] = range;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= greatest) return;
  throw new TypeError(`Expected \`${name}\` to be a whole number of ${unit} from ${least} to ${greatest}, got ${shown(value)}`);
}

function checkSecret(secret: unknown): void {
  const isKind = typeof secret === "string" || secret instanceof Uint8Array;
  if (!isKind) throw new TypeError(`Expected \`ticketSecret\` to be text or bytes, got ${typeof secret}`);
  const { length } = secretBytes(secret);
  if (length < ticketSecretBytesMin) throw new TypeError(`Expected \`ticketSecret\` to have at least ${ticketSecretBytesMin} bytes, got ${length}`);
}

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

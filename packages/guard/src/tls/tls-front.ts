/**
 * What a TLS front is to those who use it: they hand it raw connections, and it hands back secure ones, or says why not.
 * Types and counters only; the front itself is in adapters/.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TlsFacts } from "../connection.ts";
import { type HandshakeFailure, handshakeFailures } from "./handshake-failure.ts";

export interface TlsFailure {
  readonly reason: HandshakeFailure;
  readonly error: Error;
  /** The socket as the TLS server had it; null when the handshake had not begun. Both it and the raw one are destroyed already. */
  readonly socket: TLSSocket | null;
  /** The name that the client asked for, as far as its first message was read. */
  readonly sni: string | null;
}

/** Things that an operator wants to read, with their codes; docs/tls.md is made from it. */
export const tlsNotices = {
  certificate_loaded: { meaning: "A certificate is in use, from now on for new handshakes" },
  certificate_refused: { meaning: "What lies in the files is not used, and why; the certificate before it stays" },
  certificate_expires: { meaning: "The certificate in use has less than `expiryWarnMs` to live" },
  certificate_expired: { meaning: "The certificate in use is past its end: clients refuse it" },
  sni_callback_failed: { meaning: "`sniCallback` threw or failed; that client got an alert" },
  tickets_local: { meaning: "There is no `ticketSecret`: other nodes, and this one after a restart, do not resume its sessions" },
  tickets_rotated: { meaning: "Another key makes tickets from now on; those of the two before it are still read" },
} as const satisfies Readonly<Record<string, { readonly meaning: string }>>;

export interface TlsNotice {
  readonly code: keyof typeof tlsNotices;
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

export interface TlsEvents {
  /** A handshake is done. The socket has not been read yet. */
  secure(socket: TLSSocket, facts: TlsFacts, raw: Socket): void;
  /** A handshake failed; the connection is gone. Said once for each raw connection that did not become secure. */
  failed(raw: Socket, failure: TlsFailure): void;
  said(notice: TlsNotice): void;
}

/** How old the key of a resumed ticket was. */
export type TicketAge = "next" | "current" | "previous" | "oldest";

/** Handshakes of one listener, with a front or without; only ever growing. */
export interface HandshakeCounters {
  /** All that were done, resumed ones included. */
  handshakes: number;
  resumed: number;
  readonly failed: Record<HandshakeFailure, number>;
}

export function newHandshakeCounters(): HandshakeCounters {
  const failed = Object.fromEntries(Object.keys(handshakeFailures).map((reason) => [reason, 0])) as Record<HandshakeFailure, number>;
  return { handshakes: 0, resumed: 0, failed };
}

/** Sums since the front began. */
export interface TlsCounters extends HandshakeCounters {
  accepted: number;
  readonly resumedByAge: Record<TicketAge, number>;
  /** First messages that brought a ticket. */
  ticketsOffered: number;
  /** ... none of whose keys is read here: too old, of another secret, or made up. */
  ticketsUnknown: number;
  /** ... whose key is read, and which were refused all the same: past their life, or damaged. */
  ticketsRefused: number;
  rotations: number;
  reloads: number;
  reloadsRefused: number;
  sniFailures: number;
}

export function newTlsCounters(): TlsCounters {
  const resumedByAge = { next: 0, current: 0, previous: 0, oldest: 0 };
  const tickets = { ticketsOffered: 0, ticketsUnknown: 0, ticketsRefused: 0 };
  return { ...newHandshakeCounters(), accepted: 0, resumedByAge, ...tickets, rotations: 0, reloads: 0, reloadsRefused: 0, sniFailures: 0 };
}

/** How a reload went. */
export type Reload =
  | { readonly ok: true; readonly certificate: CertificateFacts }
  | { readonly ok: false; readonly code: CertificateFault; readonly message: string };

/** Why a pair of files is not used. */
export type CertificateFault =
  | "unreadable"
  | "certificate_malformed"
  | "key_malformed"
  | "key_mismatch"
  | "certificate_expired"
  | "client_ca_malformed"
  | "context_refused";

export interface CertificateFacts {
  readonly subject: string;
  readonly names: string | null;
  readonly serial: string;
  readonly fingerprint256: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The same for people. */
  readonly notAfter: string;
}

export interface TlsFront {
  /** Takes over a raw connection from which nothing of TLS was read. What was put back with `unshift` counts as unread. */
  accept(raw: Socket): void;
  /** To be called about twice a second, with the monotonic clock: deadlines, rotation, files. */
  check(nowMs: number): void;
  /** Makes the generations of ticket keys those of this moment. `check` does it too. */
  rotate(nowWallMs: number): void;
  /** Reads the files again, changed or not. Never throws and never drops a connection. */
  reload(): Promise<Reload>;
  /** Ends handshakes that are under way and takes no more. Secure connections live on: they belong to whoever got them. */
  close(): void;
  /** The certificate in use. No connection may get older than its `notAfterMs`. */
  readonly certificate: CertificateFacts;
  /** Handshakes under way. */
  readonly handshaking: number;
  /** Generations of ticket keys that are read now. */
  readonly generations: number;
  readonly counters: Readonly<TlsCounters>;
}

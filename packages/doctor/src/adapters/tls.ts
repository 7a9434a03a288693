/**
 * What TLS offers at the target: version, cipher, chain, and whether sessions are resumed. The first connection is made whoever the certificate
 * belongs to, in order to look at it; nothing is ever sent on it.
 */
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import type { Clock } from "@holdfast/protocol";
import type { CertificateFact, ResumptionFact, TlsFact } from "../facts.ts";
import { within } from "../probes/pause.ts";
import type { Dialler } from "./dial.ts";

/** Longest chain that is looked at: a certificate that is its own issuer would have no end. */
const chainMax = 10;
/** A ticket of TLS 1.3 comes after the handshake; who has sent none by then sends none to a silent client. */
const ticketMsMax = 1_000;
export const reconnects = 8;

export async function lookAtTls(dialler: Dialler): Promise<TlsFact> {
  const line = await dialler.dial({ alpn: ["h2", "http/1.1"], justLook: true });
  try {
    const socket = line.secured as TLSSocket;
    const certificate = socket.getPeerCertificate(true);
    const cipher = socket.getCipher();
    const nameFault = checkServerIdentity(dialler.host, certificate)?.message ?? null;
    const fault = socket.authorized ? null : String((socket.authorizationError as NodeJS.ErrnoException | null)?.code ?? socket.authorizationError);
    return {
      version: socket.getProtocol() ?? "unknown",
      cipher: cipher.standardName ?? cipher.name,
      alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : null,
      handshakeMs: line.tlsMs ?? 0,
      chain: chainOf(certificate),
      nameFault,
      trustFault: fault === "ERR_TLS_CERT_ALTNAME_INVALID" ? null : fault,
    };
  } finally {
    line.close();
  }
}

function chainOf(leaf: DetailedPeerCertificate): CertificateFact[] {
  const chain: CertificateFact[] = [];
  const seen = new Set<string>();
  for (let each: DetailedPeerCertificate | undefined = leaf; each?.fingerprint256 !== undefined && chain.length < chainMax; each = each.issuerCertificate) {
    if (seen.has(each.fingerprint256)) break;
    seen.add(each.fingerprint256);
    chain.push({ subject: nameOf(each.subject), issuer: nameOf(each.issuer), validToWallMs: Date.parse(each.valid_to) });
  }
  return chain;
}

function nameOf(name: Readonly<Record<string, string | string[] | undefined>>): string {
  const text = name["CN"] ?? name["O"] ?? "";
  return Array.isArray(text) ? text.join(", ") : text;
}

/** Connects again and again with the newest session. Tickets of TLS 1.3 come after the handshake, so each connection waits for its own. */
export async function seeResumption(dialler: Dialler, clock: Clock, signal: AbortSignal): Promise<ResumptionFact> {
  let [resumed, sessions, made] = [0, 0, 0];
  let session: Buffer | undefined;
  for (let i = 0; i <= reconnects && !signal.aborted; i++) {
    const given = Promise.withResolvers<Buffer>();
    const line = await dialler.dial({ alpn: ["http/1.1"], ...(session === undefined ? {} : { session }), onSession: given.resolve });
    try {
      if (i > 0) made++;
      if (line.secured?.isSessionReused() === true) resumed++;
      line.read();
      const next = await within(clock, given.promise, ticketMsMax, null, signal);
      if (next !== null) {
        sessions++;
        session = next;
      }
      if (session === undefined) break;
    } finally {
      line.close();
    }
  }
  return { reconnects: made, resumed, sessions };
}

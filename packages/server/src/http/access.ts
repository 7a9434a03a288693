/**
 * Who may talk to a server at all, whoever they are: requests for one of its own names (against DNS rebinding), and pages of its own or
 * a listed origin (browsers send Origin with every WebSocket and every cross-origin request). That neither header comes twice has been
 * seen to by guard.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { hostPolicy, originPolicy } from "@holdfast/guard";
import type { ServerOptions } from "../options.ts";

export interface AccessFault {
  readonly code: "bad_host" | "bad_origin";
  readonly message: string;
}

/** Says why a request is refused, or null. */
export type AccessPolicy = (request: IncomingMessage) => AccessFault | null;

/** Addresses that stand for all of the machine's: nobody asks for them by name. */
const unspecified: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** What the request asks for; nothing when it says two things. Over HTTP/2 it is `:authority`, and Host beside it must be the same (RFC 9113, section 8.3.1). */
function nameOf({ host, ":authority": authority }: IncomingHttpHeaders): string | undefined {
  if (typeof authority !== "string" || host === authority) return host;
  return host === undefined ? authority : undefined;
}

/** The rules of one server. Throws a TypeError for names and origins that are none. */
export function accessPolicy({ host, hosts, origins }: ServerOptions): AccessPolicy {
  const ownHost = unspecified.has(host) ? [] : [host.includes(":") ? `[${host}]` : host];
  const names = hostPolicy({ hosts: [...hosts, ...ownHost] });
  const listed = originPolicy({ origins });
  return ({ headers, socket }) => {
    const { origin } = headers;
    const asked = nameOf(headers);
    if (!names.check(asked).ok) return { code: "bad_host", message: "this server does not answer to that Host" };
    if (origin === undefined) return null;
    const scheme = (socket as Partial<TLSSocket>).encrypted === true ? "https" : "http";
    if (names.isOwnOrigin(origin, { scheme, host: asked, localPort: socket.localPort }) || listed(origin).ok) return null;
    return { code: "bad_origin", message: "that origin is not on the list" };
  };
}

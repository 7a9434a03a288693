/**
 * Who may talk to a server at all, whoever they are: requests for one of its own names (against DNS rebinding),
 * and pages of its own or a listed origin (browsers send Origin with every WebSocket and every cross-origin request), and nobody's echo.
 */
import type { IncomingMessage } from "node:http";
import type { ServerOptions } from "../options.ts";

const loopbackNames = new Set(["localhost", "[::1]"]);
const loopbackV4 = /^127(?:\.\d{1,3}){3}$/;

function nameOf(authority: string): string {
  return authority.replace(/:\d+$/, "").toLowerCase();
}

const isOwnName = (name: string, options: ServerOptions): boolean =>
  loopbackNames.has(name) || loopbackV4.test(name) || name === options.host || options.hosts.includes(name);

/** Counts a header in the raw list: Node joins or drops repetitions, which proxies may read differently. */
function count(request: IncomingMessage, name: string): number {
  let found = 0;
  for (let i = 0; i < request.rawHeaders.length; i += 2) if (request.rawHeaders[i]?.toLowerCase() === name) found++;
  return found;
}

/** A page of the port that took this request is our own page, also when it came by way of a forwarded port, whose Host is another. */
function isOwnAddress(request: IncomingMessage, origin: string, options: ServerOptions): boolean {
  const port = `:${request.socket.localPort}`;
  return origin.startsWith("http://") && origin.endsWith(port) && isOwnName(origin.slice("http://".length, -port.length), options);
}

export interface AccessFault {
  readonly code: "bad_request" | "bad_host" | "bad_origin";
  readonly message: string;
}

/** Why the request is refused, or null. */
export function accessFault(request: IncomingMessage, options: ServerOptions): AccessFault | null {
  for (const once of ["host", "origin", "authorization", "sec-websocket-key"]) {
    if (count(request, once) > 1) return { code: "bad_request", message: `expected one ${once} header` };
  }
  const { host, origin } = request.headers;
  if (host === undefined || !isOwnName(nameOf(host), options)) return { code: "bad_host", message: "this server does not answer to that Host" };
  if (origin === undefined) return null;
  const own = `http://${host.toLowerCase()}`;
  if (origin === own || options.origins.includes(origin) || isOwnAddress(request, origin, options)) return null;
  return { code: "bad_origin", message: "that origin is not on the list" };
}

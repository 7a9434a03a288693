/**
 * HTTP/2 for clients that reach one server by several ways (routes.ts): a session goes to the way's port, and what is asked for on it is
 * asked of the server's own name, whose certificate is checked. It must never open a session to any other address.
 */
import { isIP } from "node:net";
import { Sessions, type StreamTicket, type StreamUser } from "@holdfast/client/node";

/** Where a way leads. */
export interface WayTo {
  /** The port of this machine, as an origin. */
  readonly origin: string;
  /** The server's own name, and port where it has one. */
  readonly host: string;
}

export class RoutedSessions extends Sessions {
  readonly #wayOf: (origin: string) => WayTo | undefined;
  /** By the server's name: TLS is asked for it. */
  readonly #byName = new Map<string, Sessions>();

  constructor(wayOf: (origin: string) => WayTo | undefined) {
    super();
    this.#wayOf = wayOf;
  }

  override open(origin: string, user: StreamUser): StreamTicket {
    const way = this.#wayOf(origin);
    if (way === undefined) throw new TypeError(`Expected a way, got ${origin}`);
    const { hostname } = new URL(`http://${way.host}`);
    let sessions = this.#byName.get(hostname);
    if (sessions === undefined) {
      sessions = new Sessions({}, isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? { servername: hostname } : {});
      this.#byName.set(hostname, sessions);
    }
    const { opened, failed, leaving } = user;
    return sessions.open(way.origin, { opened, failed, leaving, headers: { ...user.headers, ":authority": way.host } });
  }

  override close(): void {
    for (const sessions of this.#byName.values()) sessions.close();
  }
}

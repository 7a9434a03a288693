/**
 * The links that share an HTTP/2 session. When that is to take no more requests they move to another one, each by its own means, while what
 * they carry still arrives. A session that is not known here carries no link.
 */
import type { ServerHttp2Session } from "node:http2";

export interface SessionLink {
  /** The client is to move to another connection; what the link is on lasts for `remainingMs`. */
  rotate(remainingMs: number): void;
}

export class SessionLinks {
  readonly #links = new WeakMap<ServerHttp2Session, Set<SessionLink>>();

  add(session: ServerHttp2Session, link: SessionLink): void {
    const links = this.#links.get(session);
    if (links === undefined) this.#links.set(session, new Set([link]));
    else links.add(link);
  }

  remove(session: ServerHttp2Session, link: SessionLink): void {
    this.#links.get(session)?.delete(link);
  }

  /** The session takes no more requests, and ends after `remainingMs`. */
  left(session: ServerHttp2Session, remainingMs: number): void {
    for (const link of this.#links.get(session) ?? []) link.rotate(remainingMs);
  }
}

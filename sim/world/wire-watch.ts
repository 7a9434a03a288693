/**
 * Reads "sometimes" points off the messages of one client's connections. It only looks.
 */
import type { SimDial } from "../net/sim-transport.ts";
import type { Points } from "../points.ts";

interface Seen {
  /** Parts of an entry have come, and the entry has not. */
  isMidParts: boolean;
  /** The connection is to take the place of another one. */
  replaces: boolean;
  /** The stream that the last message, a `subscribed`, was about. */
  subscribed: string | null;
}

const rewritten: ReadonlySet<unknown> = new Set(["epoch", "ahead", "missing"]);

export class WireWatch {
  readonly #points: Points;
  readonly #conns = new WeakMap<SimDial, Seen>();

  constructor(points: Points) {
    this.#points = points;
  }

  #seen(conn: SimDial): Seen {
    const seen = this.#conns.get(conn) ?? { isMidParts: false, replaces: false, subscribed: null };
    this.#conns.set(conn, seen);
    return seen;
  }

  note(conn: SimDial, direction: "send" | "receive", text: string): void {
    const seen = this.#seen(conn);
    if (direction === "send") {
      if (text.startsWith('{"type":"hello"') && text.includes('"replaces"')) seen.replaces = true;
      return;
    }
    const type = /^\{"type":"(\w+)"/.exec(text)?.[1] ?? "";
    if (type === "entry" && seen.isMidParts) this.#points.hit("entry in parts");
    if (type === "welcome" && seen.replaces) this.#points.hit("goaway move");
    if (type === "gap" || type === "subscribed") this.#placed(type, text, seen);
    else seen.subscribed = null;
    seen.isMidParts = type === "part";
  }

  /** A gap that does not follow its `subscribed` comes to a reader that was at home. */
  #placed(type: "gap" | "subscribed", text: string, seen: Seen): void {
    const { stream, reason } = JSON.parse(text) as { readonly stream: string; readonly reason?: string };
    if (type === "gap" && seen.subscribed !== stream && rewritten.has(reason)) this.#points.hit("log rewritten under a reader");
    seen.subscribed = type === "subscribed" ? stream : null;
  }

  broken(conn: SimDial, pendingBytes: number): void {
    if (pendingBytes > 0) this.#points.hit("cut in mid-message");
    if (this.#seen(conn).isMidParts) this.#points.hit("cut in mid-parts");
    if (!conn.isOpen && conn.connection !== null) this.#points.hit("cut in mid-handshake");
  }
}

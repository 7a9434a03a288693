/**
 * Counters of guarded WebSockets: plain numbers, since the beginning. Metrics read them; nothing decides by them.
 * Why connections ended is counted by the core, WebSockets among them.
 */
import type { Side } from "../ends.ts";

/** Codes from here on are the application's or the peer's own: they are counted by their thousand, because a peer chooses them. */
const ownCodes = 3_000;

export class WebSocketCounters {
  /** Accepted so far, and open now. */
  accepted = 0;
  open = 0;
  /** Pings that guard sent, and pongs of any peer, asked for or not. */
  pingsSent = 0;
  pongs = 0;
  messages = 0;
  /** Peers that gave no sign of life in time. */
  zombies = 0;
  /** Peers that did not answer a close frame in time, and were reset. */
  unanswered = 0;
  /** Sockets that ended, by close code and side: the code that guard or `ws` sent, else the one that the host or the peer began with. */
  readonly closeCodes = new Map<`${number} ${Side}`, number>();

  closeCode(code: number, side: Side): void {
    const counted = side === "guard" || code < ownCodes ? code : code - (code % 1_000);
    const key = `${counted} ${side}` as const;
    this.closeCodes.set(key, (this.closeCodes.get(key) ?? 0) + 1);
  }
}

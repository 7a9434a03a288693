/**
 * The "sometimes" points: rare states that a campaign of seeds must have been in, or else its green result says nothing about them.
 * They are read off counters and observations; the parts under test know nothing of them.
 */

export const points = {
  "resume from tail": "A reader came back and its place was in the shared tail",
  "resume from page": "A reader came back and was served from pages of the log",
  "gap trimmed": "A reader was told that retention had removed what it missed",
  "gap epoch": "A reader past a fork was told so, after entries of the new epoch",
  "gap ahead": "A reader past a fork was told so before any entry of the new epoch",
  "gap missing": "A reader of a stream that a restore removed was told so",
  "cut in mid-message": "A connection ended inside a message on its way to the client",
  "cut in mid-parts": "A connection ended between the parts of one entry",
  "cut in mid-handshake": "A connection ended before the client was welcomed",
  "entry in parts": "A reader got an entry that came in several messages",
  "publish in parts": "An entry was published in several messages",
  "probe found a dead link": "The client's own probe went unanswered",
  "server found a dead link": "The server let go of a link that had been silent for two beats",
  "late timer": "A timer came more than 2 s late in a client",
  "machine slept": "A client's machine slept and came back",
  "stalled link closed": "The server closed a link whose peer had taken nothing for too long",
  "gate closed": "Bytes waited at a link while more was to be delivered",
  "input held": "The server stopped reading from a link because answers waited",
  "slow consumer cut back": "A stream's local queue was full and the subscription was cut back",
  "duplicate publish recognized": "A publish was repeated after its answer was lost, and added nothing",
  "out of order recovered": "A publisher began a new epoch because the server did not know what was before",
  fenced: "An older process of a producer was shut out",
  "unknown outcome": "The engine could not say whether an entry was in the log",
  "engine busy": "The engine refused for now",
  "outbox full": "A publish found no room in the outbox",
  "outbox expired": "A publish waited for its answer longer than it may",
  "stream ended": "A reader got to the end of a stream that had ended",
  "publish after the end": "A publish was refused because the stream had ended",
  "refused for good": "A publish was refused in a way that no repetition changes",
  goaway: "Clients were asked to move",
  "goaway move": "A client took up a new link while the old one still served",
  "refused while draining": "A dial met a server that was leaving",
  "too many links": "A dial met a server that was full",
  "hint instead of event": "The engine told only that something may have been missed",
  doubt: "A live event did not continue the tail, and the log was read again",
  "tail evicted": "A tail gave way to the budget while it had readers",
  "page shared": "A page was served from the cache",
  restart: "The server was started again over its store",
  fork: "An older copy of the store was put in place",
  "engine failover": "Another engine took over under a running hub",
  "log rewritten under a reader": "A reader's log was rewritten while it was connected, and it was told on the same link",
  "client restart": "A client's process was killed and resumed from stored positions",
  "duplicate on the wire": "A client got an entry that it had taken before, and ignored it",
  "live over sse": "A link was carried by an event stream",
  "live over poll": "A link was carried by long polls",
  "held back streams named": "A client polled because a hop held event streams back, and said so",
  "up to a better transport": "A client that had fallen back came to use the first transport",
  "followed by EventSource": "An entry came by what browsers have built in",
  "gap told to EventSource": "A gap came by what browsers have built in",
  "event source opened anew": "An application went on in another EventSource, from the id that it had stored",
  "event source rests": "All streams of an EventSource had ended, and it was told never to come back",
  "local readers apart": "Two readers of one stream in one client stood at different places",
} as const;

export type Point = keyof typeof points;

export class Points {
  readonly #hits = new Map<Point, number>();

  hit(point: Point, times = 1): void {
    if (times > 0) this.#hits.set(point, (this.#hits.get(point) ?? 0) + times);
  }

  of(point: Point): number {
    return this.#hits.get(point) ?? 0;
  }

  /** Points that were never hit. */
  get missed(): Point[] {
    return (Object.keys(points) as Point[]).filter((point) => this.of(point) === 0);
  }

  toJson(): Record<string, number> {
    return Object.fromEntries((Object.keys(points) as Point[]).map((point) => [point, this.of(point)]));
  }
}

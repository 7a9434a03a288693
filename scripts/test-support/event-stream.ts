/**
 * A receiver of event streams as the WHATWG HTML standard describes it (section 9.2.6), written from the standard alone:
 * the oracle for what our server sends. It knows nothing of Holdfast.
 */

export interface StreamEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

export class EventStreamParser {
  /** The last event id string: what a reconnection sends. It changes when an event is dispatched, or would be if it had data. */
  lastEventId = "";
  /** The reconnection time, once the stream has set one. */
  retryMs: number | null = null;
  readonly events: StreamEvent[] = [];
  readonly #decoder = new TextDecoder("utf-8"); // Takes away one leading byte order mark and replaces what is no UTF-8.
  #line = "";
  #skipsLineFeed = false;
  #data = "";
  #type = "";
  #id: string;

  /** A reconnection begins with the id that the last connection left. */
  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  push(bytes: Uint8Array): void {
    for (const sign of this.#decoder.decode(bytes, { stream: true })) {
      const skips = this.#skipsLineFeed && sign === "\n";
      this.#skipsLineFeed = sign === "\r";
      if (skips) continue;
      if (sign === "\n" || sign === "\r") {
        this.#take(this.#line);
        this.#line = "";
      } else this.#line += sign;
    }
  }

  #take(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return; // A comment.
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? "" : line.slice(colon + 1);
    const value = rest.startsWith(" ") ? rest.slice(1) : rest;
    if (field === "event") this.#type = value;
    else if (field === "data") this.#data += `${value}\n`;
    else if (field === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (field === "retry" && /^[0-9]+$/.test(value)) this.retryMs = Number.parseInt(value, 10);
  }

  #dispatch(): void {
    this.lastEventId = this.#id;
    const data = this.#data;
    const type = this.#type === "" ? "message" : this.#type;
    this.#data = "";
    this.#type = "";
    if (data !== "") this.events.push({ type, data: data.slice(0, -1), lastEventId: this.lastEventId });
  }
}

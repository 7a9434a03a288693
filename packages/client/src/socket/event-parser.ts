/**
 * The event stream format of the HTML standard, from decoded text in pieces of any size. Pure.
 * An event that is not finished by a blank line is never told, nor is its id: that is what makes a resume exact.
 */

/** One event. */
export interface StreamEvent {
  /** `message` unless the stream names another. */
  readonly type: string;
  readonly data: string;
  /** The id that counts from here on; also of earlier events. */
  readonly lastEventId: string;
}

/** What a parser tells. */
export interface ParserHandlers {
  onEvent(event: StreamEvent): void;
  /** An id that counts from here on, with an event or without one. */
  onId(lastEventId: string): void;
  /** The stream's advice, in ms. */
  onRetry(retryMs: number): void;
}

/** Parses one response; a new response needs a new parser. */
export class EventParser {
  readonly #handlers: ParserHandlers;
  readonly #eventCharsMax: number;
  #line = "";
  #afterCr = false;
  #type = "";
  #data: string[] = [];
  #dataChars = 0;
  #id: string;

  /** @param lastEventId The id to go on from. @param eventCharsMax The most UTF-16 code units of an unfinished event. */
  constructor(lastEventId: string, eventCharsMax: number, handlers: ParserHandlers) {
    this.#id = lastEventId;
    this.#eventCharsMax = eventCharsMax;
    this.#handlers = handlers;
  }

  /** Takes decoded text, without the byte order mark. False: an event is above the limit, and the parser is of no further use. */
  feed(text: string): boolean {
    let start = 0;
    // The second half of a CR LF that was split.
    if (this.#afterCr && text.length > 0 && text.charCodeAt(0) === 10) start = 1;
    if (text.length > 0) this.#afterCr = false;
    const ends = /\r\n?|\n/g;
    ends.lastIndex = start;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      const line = this.#line + text.slice(start, end.index);
      this.#line = "";
      start = ends.lastIndex;
      if (this.#dataChars + line.length > this.#eventCharsMax) return false;
      this.#take(line);
      if (end[0] === "\r" && start === text.length) this.#afterCr = true;
    }
    this.#line += text.slice(start);
    return this.#dataChars + this.#line.length <= this.#eventCharsMax;
  }

  #take(line: string): void {
    if (line === "") {
      this.#finish();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length + 1;
    } else if (field === "event") this.#type = value;
    else if (field === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (field === "retry" && /^\d+$/.test(value)) this.#handlers.onRetry(Number(value));
  }

  #finish(): void {
    const { length } = this.#data;
    const data = this.#data.join("\n");
    const type = this.#type || "message";
    this.#data = [];
    this.#dataChars = 0;
    this.#type = "";
    this.#handlers.onId(this.#id);
    if (length > 0) this.#handlers.onEvent({ type, data, lastEventId: this.#id });
  }
}

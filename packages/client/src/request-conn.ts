/**
 * Links carried by requests: over event streams (SSE) and over long polls. A request's body holds what would have been sent over a
 * WebSocket, its response what would have come (PROTOCOL.md, "Links carried by requests"). Pure: whoever makes the requests is handed in.
 * It must never drop a message, nor decide whether the peer is alive; when in doubt the connection ends, and its streams are resumed.
 */
import { type Code, type Env, type Timer, wireBytesMax } from "@holdfast/protocol";
import type { Conn, ConnHandlers, Transport } from "./transport.ts";

/** What comes of one request. `end` is the last; nothing comes after `abort`. */
export interface RequestEvents {
  /** A piece of the response's text, cut anywhere. Only of a response with status 200. */
  text(piece: string): void;
  /** The response ended. `status`: its own, 0 when the request failed or the response broke off. `body`: of a status other than 200. */
  end(status: number, body: string): void;
}

/** The platform's part. */
export interface Requester {
  /** Sends a POST; returns the way to abort it. */
  post(url: string, body: string, events: RequestEvents): () => void;
  /** Whether the browser's connections to this origin are all taken by other tabs. */
  crowded?(): Promise<boolean>;
}

/** A response without a first message for this long is looked into. */
const firstMessageMs = 3_000;
/** Publishes go in batches of about this many characters. */
const batchChars = 262_144;
/** A batch of publishes that nothing has been heard of for this long, and as long again as its bytes take at 8 a millisecond, is taken for lost. */
const batchMs = 10_000;
const batchCharsPerMs = 8;
/** Least time between two polls, so that a hop that ends every response at once does not make a hot loop. */
const pollPauseMs = 20;
/** The same after a `goaway`: time for the link that replaces this one, since the server that said so takes no poll any more. */
const leavingPauseMs = 1_000;
/** The least, whatever heartbeat the server announces, while nothing is followed. */
const idlePauseMsMin = 1_000;

type Message = Record<string, unknown>;

/** What a server of ours says in the body of another status than 200. */
interface Refusal {
  readonly message: string;
  readonly code?: string;
}

interface Asked {
  readonly id: unknown;
  readonly from: unknown;
  isAnswered: boolean;
}

class RequestConn implements Conn {
  readonly #streaming: boolean;
  readonly #base: string;
  readonly #requester: Requester;
  readonly #env: Env;
  readonly #handlers: ConnHandlers;
  readonly #asked = new Map<string, Asked>();
  readonly #aborts = new Set<() => void>();
  #hello = "";
  /** Opens are numbered: what an earlier one brings counts until a later one has brought something. */
  #opened = 0;
  #current = 0;
  #isDue = false;
  #isWelcomed = false;
  /** Ends the response that brings messages now, and the one that is to replace it. */
  #stop = (): void => {};
  #stopNext = (): void => {};
  #pings: unknown[] = [];
  #outgoing: string[] = [];
  #isPosting = false;
  #pauseMs = pollPauseMs;
  #heartbeatMs = 0;
  #over = false;
  queuedBytes = 0;

  constructor(streaming: boolean, base: string, requester: Requester, env: Env, handlers: ConnHandlers) {
    this.#streaming = streaming;
    this.#base = base;
    this.#requester = requester;
    this.#env = env;
    this.#handlers = handlers;
    void Promise.resolve().then(() => this.#over || handlers.onOpen());
  }

  send(text: string): void {
    if (this.#over) return;
    // Payloads are not parsed: the encoder puts `type` first.
    if (/^{"type":"p(ublish|art)"/.test(text)) {
      this.#outgoing.push(text);
      this.queuedBytes += text.length;
      this.#post();
      return;
    }
    const { type, id, stream, from } = JSON.parse(text) as Message;
    if (type === "hello") this.#hello = text;
    else if (type === "subscribe") this.#asked.set(stream as string, { id, from, isAnswered: false });
    else if (type === "unsubscribe") this.#asked.delete(stream as string);
    else if (type === "ping") this.#pings.push(id);
    else return; // A beat proves nothing here: each request is one.
    if (this.#isDue) return;
    // What is asked in one go makes one request.
    this.#isDue = true;
    void Promise.resolve().then(() => {
      this.#isDue = false;
      this.#open();
    });
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#over = true;
    for (const abort of this.#aborts) abort();
    this.#aborts.clear();
  }

  #end(closeCode: number, reason: string): void {
    if (this.#over) return;
    this.destroy();
    this.#handlers.onClose({ closeCode, reason });
  }

  #fail(code: Code, message: string): void {
    if (this.#over) return;
    this.destroy();
    this.#handlers.onError(code, message);
  }

  /** `bear`: says whether the link goes on all the same. */
  #refused(status: number, body: string, bear: (reason: Refusal) => boolean): void {
    let reason: Refusal = { message: `HTTP ${status}` };
    try {
      reason = (JSON.parse(body) as { error?: Refusal }).error ?? reason;
    } catch {
      // Not an answer of ours: a hop's, or none.
    }
    if (bear(reason)) return;
    // What has no rule of its own is for now only.
    if (status === 0) this.#end(1006, "");
    else this.#end(1013, JSON.stringify(reason));
  }

  /** A request whose every line is given to `line`. `bear`: see above. */
  #request(path: string, body: readonly string[], line: (text: string) => void, done: () => void, bear = (_: Refusal): boolean => false): () => void {
    let rest = "";
    // A JSON text sequence (RFC 7464): payloads may have line ends of their own.
    const abort = this.#requester.post(this.#base + path, `\x1e${body.join("\n\x1e")}`, {
      text: (piece) => {
        if (this.#over) return;
        this.#handlers.onActivity();
        const lines = (rest + piece).split("\n");
        rest = lines.pop() as string;
        for (const each of lines) {
          const text = path === "sse" ? (each.startsWith("data: ") ? each.slice(6) : "") : each;
          if (text !== "" && !this.#over) line(text);
        }
        if (rest.length > 2 * wireBytesMax) this.#end(1006, "");
      },
      end: (status, text) => {
        this.#aborts.delete(abort);
        if (status === 200) done();
        else this.#refused(status, text, bear);
      },
    });
    this.#aborts.add(abort);
    return () => {
      this.#aborts.delete(abort);
      abort();
    };
  }

  /** Begins a response that carries everything that is asked, from where each stream stands. */
  #open(): void {
    if (this.#over) return;
    const no = ++this.#opened;
    // A request that is superseded answers no ping: its successor does.
    const pings = this.#pings;
    const lines = [this.#hello];
    for (const [stream, { id, from, isAnswered }] of this.#asked) {
      const after = isAnswered ? this.#handlers.cursor(stream) : null;
      lines.push(JSON.stringify({ type: "subscribe", id, stream, from: after === null ? from : { after } }));
    }
    const silence = this.#env.clock.after(firstMessageMs, () => this.#lookInto(no));
    const openedMs = this.#env.clock.monoMs();
    const again = (): void => {
      // Who follows nothing polls to prove life, and no more.
      const pauseMs = this.#asked.size > 0 ? this.#pauseMs : this.#heartbeatMs;
      this.#env.clock.after(Math.max(0, openedMs + pauseMs - this.#env.clock.monoMs()), () => no === this.#opened && this.#open());
    };
    // What carries no stream yet is not kept meanwhile: a second connection may be one too many for the browser or the server.
    let isCarrying = false;
    for (const { isAnswered } of this.#asked.values()) isCarrying ||= isAnswered;
    if (!isCarrying) this.#stop();
    this.#stopNext();
    this.#stopNext = this.#request(
      this.#streaming ? "sse" : "poll",
      lines,
      (text) => {
        if (no > this.#current) {
          silence.cancel();
          this.#current = no;
          this.#stop();
          this.#stop = this.#stopNext;
          this.#stopNext = () => {};
          this.#pings = [];
          for (const id of pings) this.#handlers.onText(`{"type":"pong","id":${id}}`);
        }
        this.#take(text);
      },
      () => {
        silence.cancel();
        if (no < this.#opened) return; // Another has been begun.
        if (this.#streaming || this.#current < no) this.#end(1006, "");
        else again();
      },
      ({ code }) => {
        silence.cancel();
        const isLeaving = this.#isWelcomed && code === "draining";
        if (isLeaving) {
          this.#take('{"type":"goaway","code":"draining","afterMs":0,"deadlineMs":0}');
          again();
        }
        return isLeaving;
      },
    );
  }

  /** Some hop, or the browser, holds the response back. Which one shows by what another request meets. */
  async #lookInto(no: number): Promise<void> {
    const isWaiting = (): boolean => !this.#over && this.#current < no && no === this.#opened;
    if (!isWaiting()) return;
    if ((await this.#requester.crowded?.()) && isWaiting()) {
      this.#fail("origin_connections", "other tabs hold all connections to this origin");
    } else if (this.#streaming && isWaiting()) {
      this.#request(
        "poll",
        [this.#hello],
        () => isWaiting() && this.#fail("response_buffered", "a hop holds back streams"),
        () => {},
      );
    }
  }

  #take(text: string): void {
    if (!text.startsWith('{"type":"entry"')) {
      let message: Message | null = null;
      try {
        message = JSON.parse(text) as Message;
      } catch {
        // Whoever reads it next judges it.
      }
      switch (message?.["type"]) {
        case "welcome":
          if (this.#isWelcomed) return;
          this.#isWelcomed = true;
          this.#heartbeatMs = Math.max(Number(message["heartbeatMs"]) || 0, idlePauseMsMin);
          break;
        case "subscribed":
        case "unsubscribed":
        case "closed": {
          const { type, stream, id, ...rest } = message;
          const asked = this.#asked.get(stream as string);
          if (type === "subscribed") {
            if (asked === undefined || asked.id !== id) return;
            if (asked.isAnswered) {
              // The answer is known; where the head is now is news, unless more has come since it was asked for.
              const { position: sent, head } = rest;
              if (sent === this.#handlers.cursor(stream as string)) {
                this.#handlers.onText(JSON.stringify({ type: "beat", streams: { [stream as string]: { sent, head } } }));
              }
              return;
            }
            asked.isAnswered = true;
          } else if (asked !== undefined && (id === undefined ? asked.isAnswered : asked.id === id)) {
            this.#asked.delete(stream as string);
            // It was running until now, so no question is answered by this.
            if (asked.isAnswered && type !== "closed") return this.#handlers.onText(JSON.stringify({ ...rest, type, stream }));
          }
          break;
        }
        case "goaway":
          this.#pauseMs = leavingPauseMs;
          break;
        case "bye":
          return this.#end(1013, text);
        default:
      }
    }
    this.#handlers.onText(text);
  }

  /** Publishes go one request at a time, in order; what comes meanwhile goes together in the next. */
  #post(): void {
    if (this.#isPosting || this.#over || this.#outgoing.length === 0) return;
    // A payload and its parts stay together.
    let count = 0;
    let chars = 0;
    for (const [i, text] of this.#outgoing.entries()) {
      chars += text.length;
      if (!text.startsWith('{"type":"publish"')) continue;
      count = i + 1;
      if (chars > batchChars) break;
    }
    if (count === 0) return; // The rest of a payload is still to come.
    this.#isPosting = true;
    const batch = this.#outgoing.splice(0, count);
    const ids = batch.flatMap((text) => /^{"type":"publish","id":(\d+)/.exec(text)?.[1] ?? []);
    let waiting = ids.length;
    const over = (): void => {
      silence.cancel();
      if (waiting > 0) return this.#end(1006, "");
      this.#isPosting = false;
      for (const text of batch) this.queuedBytes -= text.length;
      this.#post();
    };
    // Another connection than that which a ping proves: nobody else judges it.
    const watch = (): Timer => this.#env.clock.after(batchMs + chars / batchCharsPerMs, () => this.#end(1006, ""));
    let silence = watch();
    this.#request(
      "poll",
      [this.#hello, ...batch],
      (text) => {
        silence.cancel();
        silence = watch();
        if (text.startsWith('{"type":"welcome"')) return;
        if (/^{"type":"(published|refused)"/.test(text)) waiting--;
        this.#handlers.onText(text);
      },
      over,
      (reason) => {
        // What brings messages has its room, and need not end because there is none for this.
        const isFull = reason.code === "too_many_links";
        if (isFull) {
          for (const id of ids) if (!this.#over) this.#handlers.onText(JSON.stringify({ type: "refused", id: +id, ...reason }));
          waiting = 0;
          over();
        }
        return isFull;
      },
    );
  }
}

/** A transport whose links are carried by the requests of `requester`. */
export function requestTransport(name: "sse" | "poll", requester: Requester, env: Env): Transport {
  return {
    name,
    dial: ({ url }, handlers) => new RequestConn(name === "sse", url, requester, env, handlers),
  };
}

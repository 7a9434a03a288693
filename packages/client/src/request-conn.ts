/**
 * Links carried by requests: over event streams (SSE) and over long polls. A request's body holds what would have been sent over a
 * WebSocket, its response what would have come (PROTOCOL.md, "Links carried by requests"). Pure: whoever makes the requests is handed in.
 * It must never drop a message, nor decide whether the peer is alive; when in doubt the connection ends, and its streams are resumed.
 */
import { type AuthFrame, type Clock, type Code, type PingFrame, wireBytesMax } from "@holdfast/protocol";
import type { ClientEnv } from "./context.ts";
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
/** Publishes go in batches of about this many characters, for which servers have room however small their `bodyBytesMax`. */
const batchChars = 65_536;
/** A batch of publishes that nothing has been heard of for this long, and as long again as its bytes take at 8 a millisecond, is taken for lost. */
const batchMs = 10_000;
const batchCharsPerMs = 8;
/** Least time between two polls, so that a hop that ends every response at once does not make a hot loop. */
const pollPauseMs = 20;
/** The same after a `goaway`: time for the link that replaces this one, since the server that said so takes no poll any more. */
const leavingPauseMs = 1_000;
/** The least, whatever heartbeat the server announces, while nothing is followed. */
const idlePauseMsMin = 1_000;

/** How messages come: as an event stream, by long polls, or (`publish`) not at all: only publishes are carried, and their answers. */
type Carries = "sse" | "poll" | "publish";

/** What a server of ours says in the body of another status than 200. */
interface Refusal {
  readonly message: string;
  readonly code?: string;
}

/** A message as a line of a request: a JSON text sequence (RFC 7464), since payloads may have line ends of their own. */
const toLine = (text: string): string => `\x1e${text}\n`;

class RequestConn implements Conn {
  readonly #carries: Carries;
  readonly #base: string;
  readonly #requester: Requester;
  readonly #clock: Clock;
  readonly #handlers: ConnHandlers;
  /** What is under way, requests and timers, by the way to end it. */
  readonly #aborts = new Set<() => void>();
  #hello = "";
  /** The last one that was welcomed. */
  #known = "";
  /** Opens are numbered: what an earlier one brings counts until a later one has brought something. */
  #opened = 0;
  #current = 0;
  #isDue = false;
  /** Whether the response that brings messages now was asked for any stream. */
  #isCarrying = false;
  /** Ends the response that brings messages now, and the one that is to replace it. */
  #stop = (): void => {};
  #stopNext = (): void => {};
  #pings: number[] = [];
  /** Publishes by id, each with its parts; and the parts of the one that is to come. */
  #outgoing: [text: string, id: number][] = [];
  #parts = "";
  #isPosting = false;
  #pauseMs = pollPauseMs;
  /** 0 until the server has welcomed the link. */
  #heartbeatMs = 0;
  #over = false;
  queuedBytes = 0;

  constructor(carries: Carries, base: string, requester: Requester, { clock }: ClientEnv, handlers: ConnHandlers) {
    this.#carries = carries;
    this.#base = base;
    this.#requester = requester;
    this.#clock = clock;
    this.#handlers = handlers;
    void Promise.resolve().then(handlers.onOpen);
  }

  send(text: string): void {
    // Payloads are not parsed: the encoder puts `type` first.
    const type = /\w+(?=",|"})/.exec(text)?.[0];
    if (type === "part" || type === "publish") {
      this.#parts += toLine(text);
      this.queuedBytes += toLine(text).length;
      if (type === "part") return; // The rest of a payload is still to come.
      this.#outgoing.push([this.#parts, Number(/"id":(\d+)/.exec(text)?.[1])]);
      this.#parts = "";
      return this.#post();
    }
    // A beat proves nothing here: each request is one.
    if (type === "beat") return;
    if (type === "hello") this.#hello = toLine(text);
    else if (type === "auth") {
      this.#hello = toLine(JSON.stringify({ ...JSON.parse(this.#hello.slice(1)), token: (JSON.parse(text) as AuthFrame).token }));
      // The next publish takes it along.
      if (this.#carries === "publish") this.#handlers.onText('{"type":"authed"}');
    } else if (type === "ping") this.#pings.push((JSON.parse(text) as PingFrame).id);
    // What is asked in one go makes one request.
    if (!this.#isDue) void Promise.resolve().then(() => this.#open());
    this.#isDue = true;
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#over = true;
    for (const abort of [...this.#aborts]) abort();
  }

  #end(closeCode: number, reason: string): void {
    if (this.#over) return;
    this.destroy();
    this.#handlers.onClose({ closeCode, reason });
  }

  /** Calls later, unless the link is over by then. Returns the way to cancel. */
  #after(ms: number, call: () => void): () => void {
    const timer = this.#clock.after(ms, () => {
      this.#aborts.delete(cancel);
      call();
    });
    const cancel = (): void => {
      this.#aborts.delete(cancel);
      timer.cancel();
    };
    this.#aborts.add(cancel);
    return cancel;
  }

  /**
   * A request whose every line is given to `line`. `isProof`: it brings what is followed, so its bytes prove life. `bear` says of a refusal
   * whether the link goes on all the same. Returns the way to abort it.
   */
  #request(
    path: "sse" | "poll",
    isProof: boolean,
    body: string,
    line: (text: string) => void,
    done: () => void,
    bear = (_: Refusal): boolean => false,
  ): () => void {
    let rest = "";
    const abort = this.#requester.post(this.#base + path, body, {
      text: (piece) => {
        if (isProof) this.#handlers.onActivity();
        const lines = (rest + piece).split("\n");
        rest = lines.pop() as string;
        for (const each of lines) {
          const text = path === "poll" ? each : each.startsWith("data: ") ? each.slice(6) : "";
          if (text !== "" && !this.#over) line(text);
        }
        if (rest.length > 2 * wireBytesMax) this.#end(1006, "");
      },
      end: (status, text) => {
        this.#aborts.delete(abort);
        if (status === 200) return done();
        const reason = errorIn(text) ?? { message: `HTTP ${status}` };
        if (bear(reason)) return;
        if (status === 0) this.#end(1006, "");
        // What has no rule of its own is for now only.
        else this.#end(1013, JSON.stringify(reason));
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
    this.#isDue = false;
    if (this.#over || this.#carries === "publish") return;
    const no = ++this.#opened;
    const hello = this.#hello;
    // A request that is superseded answers no ping: its successor does.
    const pings = this.#pings;
    const asks = this.#handlers.asks();
    const quiet = this.#after(firstMessageMs, () => void this.#lookInto(no));
    const openedMs = this.#clock.monoMs();
    const again = (): void => {
      // Who follows nothing polls to prove life, and no more.
      const pauseMs = this.#handlers.asks().length > 0 ? this.#pauseMs : this.#heartbeatMs;
      this.#after(Math.max(0, openedMs + pauseMs - this.#clock.monoMs()), () => no === this.#opened && this.#open());
    };
    // What carries no stream is not kept meanwhile: a second connection may be one too many for the browser or the server.
    if (!this.#isCarrying) this.#stop();
    this.#stopNext();
    this.#stopNext = this.#request(
      this.#carries,
      true,
      hello + asks.map((ask) => toLine(JSON.stringify(ask))).join(""),
      (text) => {
        if (no > this.#current) {
          quiet();
          this.#current = no;
          this.#isCarrying = asks.length > 0;
          this.#stop();
          this.#stop = this.#stopNext;
          this.#stopNext = () => {};
          this.#pings = [];
          this.#greeted(hello, text);
          for (const id of pings) this.#handlers.onText(`{"type":"pong","id":${id}}`);
        }
        this.#take(text);
      },
      () => {
        quiet();
        if (no < this.#opened) return; // Another has been begun.
        if (this.#carries === "sse" || this.#current < no) this.#end(1006, "");
        else again();
      },
      ({ code }) => {
        quiet();
        const isLeaving = this.#heartbeatMs > 0 && code === "draining";
        if (isLeaving) {
          this.#take('{"type":"goaway","afterMs":0,"deadlineMs":0}');
          again();
        }
        return isLeaving;
      },
    );
  }

  /** The welcome of a request says for how long its hello holds: news when that is another than before. */
  #greeted(hello: string, welcome: string): void {
    if (hello === this.#known) return;
    this.#known = hello;
    this.#handlers.onText(welcome.replace("welcome", "authed"), false);
  }

  /** A message of a response that brings them; some are news for the next one, too. */
  #take(text: string): void {
    if (text.startsWith('{"type":"welcome"')) this.#heartbeatMs = Math.max(Number(/"heartbeatMs":(\d+)/.exec(text)?.[1]) || 0, idlePauseMsMin);
    if (text.startsWith('{"type":"goaway"')) this.#pauseMs = leavingPauseMs;
    this.#handlers.onText(text);
  }

  /** Some hop, or the browser, holds the response back. Which one shows by what another request meets. */
  async #lookInto(no: number): Promise<void> {
    const isWaiting = (): boolean => !this.#over && this.#current < no && no === this.#opened;
    const fail = (code: Code, message: string): void => {
      if (!isWaiting()) return;
      this.destroy();
      this.#handlers.onError(code, message);
    };
    if (await this.#requester.crowded?.()) fail("origin_connections", "other tabs hold all connections");
    else if (this.#carries === "sse" && isWaiting())
      this.#request(
        "poll",
        false,
        this.#hello,
        () => fail("response_buffered", "a hop holds back event streams"),
        () => {},
      );
  }

  /** Publishes go one request at a time, in order; what comes meanwhile goes together in the next. */
  #post(): void {
    if (this.#isPosting || this.#over || this.#outgoing.length === 0) return;
    this.#isPosting = true;
    const hello = this.#hello;
    let count = 0;
    let body = "";
    while (count < this.#outgoing.length && body.length < batchChars) body += this.#outgoing[count++]?.[0];
    const batch = this.#outgoing.splice(0, count);
    const over = (): void => {
      calm();
      if (count > 0) return this.#end(1006, "");
      this.#isPosting = false;
      this.queuedBytes -= body.length;
      this.#post();
    };
    // Another connection than that which a ping proves: nobody else judges it.
    const watch = (): (() => void) => this.#after(batchMs + body.length / batchCharsPerMs, () => this.#end(1006, ""));
    let calm = watch();
    this.#request(
      "poll",
      false,
      hello + body,
      (text) => {
        calm();
        calm = watch();
        if (text.startsWith('{"type":"welcome"')) return this.#greeted(hello, text);
        if (/^{"type":"(published|refused)"/.test(text)) count--;
        // It says nothing of the connection that brings what is followed.
        this.#handlers.onText(text, false);
      },
      over,
      (reason) => {
        // What brings messages has its room, and need not end because there is none for this.
        const isFull = reason.code === "too_many_links";
        if (isFull) {
          for (const [, id] of batch) this.#handlers.onText(JSON.stringify({ type: "refused", id, ...reason }), false);
          count = 0;
          over();
        }
        return isFull;
      },
    );
  }
}

/** The reason in an HTTP error of ours; undefined when a hop made it, or nobody. */
function errorIn(body: string): Refusal | undefined {
  try {
    return (JSON.parse(body) as { error?: Refusal }).error;
  } catch {
    return undefined;
  }
}

/** A transport whose links are carried by the requests of `requester`. */
export function requestTransport(name: Carries, requester: Requester, env: ClientEnv): Transport {
  return {
    name,
    dial: ({ url }, handlers) => new RequestConn(name, url, requester, env, handlers),
  };
}

/**
 * The client's end of simulated requests: what fetch is to the real client. Each request has a connection of its own, and what comes of
 * its response is passed on in the pieces in which it arrives.
 */
import type { RequestEvents, Requester } from "@holdfast/client";
import type { SimProcess } from "../sim-process.ts";
import type { Connection, End } from "./connection.ts";
import type { SimRequest } from "./sim-responder.ts";
import type { Dialer, SimDial } from "./sim-transport.ts";
import { frameOf, kinds, Unframer } from "./wire.ts";

export class SimExchange implements SimDial, End {
  readonly process: SimProcess;
  readonly #dialer: Dialer;
  readonly #events: RequestEvents;
  readonly #request: SimRequest;
  readonly #unframer = new Unframer((kind, text) => this.#message(kind, text));
  readonly #dialled: { readonly connection: Connection | null; readonly cancel: () => void };
  readonly #decoder = new TextDecoder();
  #status = 0;
  #body = "";
  #rest = "";
  #over = false;
  isOpen = false;

  constructor(process: SimProcess, dialer: Dialer, request: SimRequest, events: RequestEvents) {
    this.process = process;
    this.#dialer = dialer;
    this.#events = events;
    this.#request = request;
    this.#dialled = dialer.dial("request", this, () => this.#end(0));
  }

  get connection(): Connection | null {
    return this.#dialled.connection;
  }
  get over(): boolean {
    return this.#over;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#dialled.cancel();
    this.connection?.reset("client");
  }

  arrived(bytes: Uint8Array): void {
    this.#unframer.push(bytes);
  }

  ended(how: "fin" | "reset"): void {
    if (how === "fin") this.connection?.release("client");
    if (!this.#over) this.#dialer.broken(this, this.#unframer.pendingBytes);
    this.#end(0);
  }

  drained(): void {}

  #message(kind: number, text: string): void {
    if (this.#over) return;
    if (kind === kinds.open) {
      this.isOpen = true;
      for (const line of this.#request.body.split("\x1e")) if (line !== "") this.#dialer.note(this, "send", line);
      this.connection?.write("client", frameOf(kinds.text, JSON.stringify(this.#request)));
    } else if (kind === kinds.head) this.#status = Number(text);
    else if (kind === kinds.text) {
      const piece = this.#decoder.decode(Buffer.from(text, "latin1"), { stream: true });
      if (this.#status !== 200) this.#body += piece;
      else {
        this.#note(piece);
        this.#events.text(piece);
      }
    } else {
      this.connection?.release("client");
      this.#end(this.#status);
    }
  }

  /** For the record: whole lines. */
  #note(piece: string): void {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") this.#dialer.note(this, "receive", line.replace(/^data: /, ""));
  }

  #end(status: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.end(status, this.#body);
  }
}

/** Requests over the simulated network, from one client's machine. */
export function simRequester(process: SimProcess, dialer: Dialer): Requester {
  return {
    post: (url, body, events) => {
      const { pathname: path } = new URL(url);
      const exchange = new SimExchange(
        process,
        dialer,
        { method: "POST", path, search: "", headers: { "content-type": "text/plain;charset=UTF-8" }, body },
        events,
      );
      return () => exchange.abort();
    },
  };
}

/** Gets, as `EventSource` makes them: what else would be the body is the id of the last event. */
export function simGetter(process: SimProcess, dialer: Dialer): Requester {
  return {
    post: (url, lastEventId, events) => {
      const { pathname: path, search } = new URL(url);
      const headers = lastEventId === "" ? {} : { "last-event-id": lastEventId };
      const exchange = new SimExchange(process, dialer, { method: "GET", path, search, headers, body: "" }, events);
      return () => exchange.abort();
    },
  };
}

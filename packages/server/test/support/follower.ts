/**
 * A reader of streams over requests that can be stalled and cut at any moment, and goes on from where it stands:
 * by the last id (`get`), or by the cursors that it keeps (`post`, `poll`).
 */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { EventStreamParser } from "../../../../scripts/test-support/event-stream.ts";
import { Collected } from "./collect.ts";
import { linkBody } from "./links.ts";

export type Kind = "get" | "post" | "poll";

export class Follower {
  readonly has = new Collected();
  readonly kind: Kind;
  readonly #port: number;
  readonly #streams: readonly string[];
  #request: ClientRequest | null = null;
  #response: IncomingMessage | null = null;
  #isStalled = false;
  #isOver = false;
  #lastEventId = "";
  /** What went wrong, to be looked at by the test. */
  fault: unknown = null;
  requests = 0;

  constructor(kind: Kind, port: number, streams: readonly string[]) {
    this.kind = kind;
    this.#port = port;
    this.#streams = streams;
    this.#start();
  }

  stall(): void {
    this.#isStalled = true;
    this.#response?.pause();
  }

  go(): void {
    this.#isStalled = false;
    this.#response?.resume();
  }

  /** Loses the connection; what was not whole is thrown away. */
  cut(): void {
    this.#drop();
    if (!this.#isOver) this.#start();
  }

  stop(): void {
    this.#isOver = true;
    this.#drop();
  }

  #drop(): void {
    const old = this.#request;
    this.#request = null;
    this.#response = null;
    old?.destroy();
  }

  #start(): void {
    this.requests++;
    const { kind } = this;
    const query = this.#streams.map((stream) => `stream=${encodeURIComponent(stream)}`).join("&");
    const options = { host: "127.0.0.1", port: this.#port, agent: false };
    const own =
      kind === "get"
        ? request({ ...options, path: `/v1/sse?${query}&after=first`, headers: this.#lastEventId === "" ? {} : { "Last-Event-ID": this.#lastEventId } })
        : request({ ...options, method: "POST", path: kind === "post" ? "/v1/sse" : "/v1/poll", headers: { "Content-Type": "text/plain" } });
    this.#request = own;
    own.on("error", () => this.#ended(own));
    own.on("response", (response) => this.#read(own, response));
    own.end(kind === "get" ? undefined : linkBody(...this.#streams.map((stream, id) => ({ type: "subscribe", id, stream, from: this.#from(stream) }))));
  }

  #from(stream: string): unknown {
    const cursor = this.has.cursors.get(stream);
    return cursor === undefined ? "first" : { after: cursor };
  }

  #read(own: ClientRequest, response: IncomingMessage): void {
    if (this.#request !== own) return;
    this.#response = response;
    const take = this.kind === "poll" ? this.#lines() : this.#events();
    response.on("data", (bytes: Buffer) => {
      if (this.#request !== own) return;
      try {
        take(bytes);
      } catch (fault) {
        this.fault ??= fault;
      }
    });
    response.on("close", () => this.#ended(own));
    response.on("error", () => this.#ended(own));
    if (this.#isStalled) response.pause();
  }

  #ended(own: ClientRequest): void {
    if (this.#request !== own) return;
    this.#request = null;
    this.#response = null;
    if (!this.#isOver) this.#start();
  }

  #events(): (bytes: Buffer) => void {
    const parser = new EventStreamParser(this.#lastEventId);
    return (bytes) => {
      parser.push(bytes);
      for (const event of parser.events.splice(0)) for (const line of event.data.split("\n")) this.has.take(line);
      this.#lastEventId = parser.lastEventId;
    };
  }

  #lines(): (bytes: Buffer) => void {
    let rest = "";
    const decoder = new TextDecoder();
    return (bytes) => {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.has.take(line);
    };
  }
}

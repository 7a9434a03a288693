/** A client over memory and a clock moved by hand, and the few words that most tests need. */
import { type Client, type ClientOptions, createClient, HoldfastError, type StreamEntry, type StreamOptions } from "../../src/index.ts";
import { HandWorld, settle } from "./hand-world.ts";
import { type MemoryConn, MemoryNet, type Message } from "./memory-net.ts";

export interface Opened {
  readonly world: HandWorld;
  readonly net: MemoryNet;
  readonly client: Client;
}

export function opened(options: ClientOptions = {}, seed = 1): Opened {
  const world = new HandWorld(seed);
  const net = new MemoryNet();
  return { world, net, client: createClient("http://test", options, { env: world.env, transports: [net.transport] }) };
}

/** Answers the newest subscribe for a stream. */
export function answer(conn: MemoryConn, stream: string, position: string, head = position): void {
  const asked = conn.of("subscribe").filter((message) => message["stream"] === stream);
  conn.say({ type: "subscribed", id: asked.at(-1)?.["id"], stream, position, head });
}

export const at = (n: number): string => (n === 0 ? "0" : `e.${n.toString(36).length}${n.toString(36)}`);

/** Sends entries `from + 1` to `to`, with their number as data. */
export function entries(conn: MemoryConn, stream: string, from: number, to: number): void {
  for (let n = from + 1; n <= to; n++) conn.say({ type: "entry", stream, position: at(n), prev: at(n - 1), timeMs: 7, data: n });
}

/** Reads a stream into a list until it ends or fails; the failure's code is the last item. */
export function collect(client: Client, name: string, options?: StreamOptions) {
  const stream = client.stream(name, options);
  const got: unknown[] = [];
  const run = async (): Promise<void> => {
    try {
      for await (const entry of stream) got.push((entry as StreamEntry).data);
      got.push(stream.ended ? "ended" : "left");
    } catch (error) {
      got.push(error instanceof HoldfastError ? error.code : error);
    }
  };
  return { stream, got, finished: run() };
}

/** What became of a promise, by code; "pending" as long as nothing did. */
export function fate(promise: Promise<{ readonly position: string | null; readonly duplicate: boolean }>): { now: string } {
  const it = { now: "pending" };
  promise.then(
    ({ position, duplicate }) => {
      it.now = `${position}${duplicate ? " again" : ""}`;
    },
    (error: unknown) => {
      it.now = error instanceof HoldfastError ? error.code : String(error);
    },
  );
  return it;
}

/** Publishes on a link as `data epoch/seq`. */
export const published = (conn: MemoryConn): string[] =>
  conn.of("publish").map((message) => {
    const producer = message["producer"] as { epoch: number; seq: number } | undefined;
    return `${message["data"] ?? message["dedupeKey"] ?? "end"} ${producer === undefined ? "-" : `${producer.epoch}/${producer.seq}`}`;
  });

/** How the client, or the server, ended a connection. */
export const endOf = (conn: MemoryConn): string => (conn.ended === null ? "open" : `${conn.ended.how} ${conn.ended.closeCode ?? ""}`.trim());

/** The id of the nth publish on a link, from 0. */
export const idOf = (conn: MemoryConn, n: number): number => conn.of("publish")[n]?.["id"] as number;

export type { MemoryConn, Message };
export { settle };

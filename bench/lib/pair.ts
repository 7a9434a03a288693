/**
 * A fresh server process and a fresh load generator: nothing is carried over from what ran before.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContenderName, contenders } from "../contenders/list.ts";
import type { ReadersCalls } from "../processes/readers.ts";
import type { ServerCalls } from "../processes/server.ts";
import { Child } from "./child.ts";

const processes = join(import.meta.dirname, "..", "processes");
const seenMsMax = 10_000;

export interface PairSettings {
  readonly links: number;
  readonly payloadBytes: number;
  /** Where an engine keeps its files. Default: an engine in memory. */
  readonly directory?: string;
  readonly nodeFlags?: readonly string[];
  /** Another checkout whose server is run instead of this one's. */
  readonly tree?: string;
}

export interface Pair {
  readonly name: ContenderName;
  readonly server: Child<ServerCalls>;
  readonly readers: Child<ReadersCalls>;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts both; the readers are not connected yet. */
export async function openPair(name: ContenderName, settings: PairSettings): Promise<Pair> {
  const folder = settings.tree === undefined ? processes : join(settings.tree, "bench", "processes");
  const server = new Child<ServerCalls>(join(folder, "server.ts"), { nodeFlags: settings.nodeFlags ?? [] });
  const readers = new Child<ReadersCalls>(join(processes, "readers.ts"));
  const stop = async (): Promise<void> => {
    await Promise.all([readers.stop(), server.stop()]);
  };
  try {
    const { port } = await server.call("open", { name, settings: { directory: settings.directory ?? null } });
    return { name, server, readers, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Connects readers and waits until the server counts them all. */
export async function connectReaders({ name, server, readers, port }: Pair, links: number, payloadBytes: number): Promise<void> {
  await readers.call("connect", { wire: contenders[name].wire, host: "127.0.0.1", port, links, payloadBytes });
  await linksAre(server, links);
}

/** Waits until the server has exactly so many links. */
export async function linksAre(server: Child<ServerCalls>, links: number): Promise<void> {
  const deadlineMs = Date.now() + seenMsMax;
  for (;;) {
    const seen = await server.call("links");
    if (seen === links) return;
    if (Date.now() > deadlineMs) throw new Error(`expected ${links} links at the server, got ${seen}`);
    await sleep(10);
  }
}

/** Starts both, connects `links` readers, lets `use` measure, and ends both whatever happens. */
export async function withPair<T>(name: ContenderName, settings: PairSettings, use: (pair: Pair) => Promise<T>): Promise<T> {
  const pair = await openPair(name, settings);
  try {
    await connectReaders(pair, settings.links, settings.payloadBytes);
    return await use(pair);
  } finally {
    await pair.stop();
  }
}

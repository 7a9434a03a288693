/**
 * Ways in which a client's connection to a guarded server (processes/guarded.ts) can come to its end: one each line, nothing in common but
 * that the socket is gone afterwards.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@holdfast/lab";

/** What a client has at hand to end its connection. */
interface Hand {
  readonly socket: Socket;
  readonly random: Random;
  /** Resolves with the first bytes that come, or when the socket is closed. */
  readonly answered: Promise<void>;
}

const request = (path: string, headers = "", method = "GET"): string => `${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${headers}\r\n`;
const handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const upgrade = (path: string): string => request(path, handshake);

async function ask({ socket, answered }: Hand, text = request("/")): Promise<void> {
  socket.write(text);
  await answered;
}

/** Each way, and how often it is drawn. The slow ones wait for a timer of the server. */
const ways: readonly { readonly name: string; readonly weight: number; readonly end: (hand: Hand) => unknown }[] = [
  { name: "FIN after an answer", weight: 12, end: async (hand) => ask(hand).then(() => hand.socket.end()) },
  { name: "RST after an answer", weight: 12, end: async (hand) => ask(hand).then(() => hand.socket.resetAndDestroy()) },
  { name: "FIN at once", weight: 6, end: ({ socket }) => socket.end() },
  { name: "RST at once", weight: 6, end: ({ socket }) => socket.resetAndDestroy() },
  { name: "half-close behind a request", weight: 8, end: ({ socket }) => socket.end(request("/")) },
  {
    name: "gone in the middle of a header",
    weight: 8,
    end: async ({ socket, random }) => {
      socket.write(request("/").slice(0, 1 + random.integer(0, 20)));
      await sleep(random.integer(0, 20));
      socket.destroy();
    },
  },
  {
    name: "reset in the middle of a body",
    weight: 8,
    end: async ({ socket, random }) => {
      socket.write(`${request("/", "Content-Length: 1000\r\n", "POST")}abc`);
      await sleep(random.integer(0, 20));
      socket.resetAndDestroy();
    },
  },
  { name: "gone in the middle of an answer", weight: 2, end: async (hand) => ask(hand, request("/big")).then(() => hand.socket.destroy()) },
  { name: "reset in the middle of an answer", weight: 2, end: async (hand) => ask(hand, request("/big")).then(() => hand.socket.resetAndDestroy()) },
  {
    name: "reads no more",
    weight: 1,
    end: async (hand) => {
      await ask(hand, request("/big"));
      hand.socket.pause();
      await sleep(2_500); // A paused socket does not see that it was reset.
      hand.socket.destroy();
    },
  },
  { name: "idle until the server has enough", weight: 8, end: (hand) => ask(hand) },
  { name: "half a header until the server has enough", weight: 6, end: ({ socket }) => socket.write("GET / HTTP/1.1\r\nHost: a") },
  { name: "nothing until the server has enough", weight: 4, end: () => undefined },
  { name: "killed by the operator", weight: 8, end: ({ socket }) => socket.write(request("/killed")) },
  { name: "destroyed by the application", weight: 8, end: ({ socket }) => socket.write(request("/destroyed")) },
  { name: "upgraded, then gone", weight: 8, end: async (hand) => ask(hand, upgrade("/")).then(() => hand.socket.destroy()) },
  { name: "upgraded, then reset", weight: 4, end: async (hand) => ask(hand, upgrade("/")).then(() => hand.socket.resetAndDestroy()) },
  { name: "upgraded, then destroyed by the application", weight: 4, end: ({ socket }) => socket.write(upgrade("/destroyed")) },
  { name: "more requests than one connection may have", weight: 8, end: ({ socket }) => socket.write(request("/").repeat(8)) },
  {
    name: "no HTTP",
    weight: 8,
    end: ({ socket, random }) => socket.write(Buffer.from(Array.from({ length: 1 + random.integer(0, 200) }, () => random.integer(0, 255)))),
  },
];

const weights = ways.reduce((sum, { weight }) => sum + weight, 0);

function draw(random: Random): (typeof ways)[number] {
  let left = random.float() * weights;
  for (const way of ways) {
    left -= way.weight;
    if (left < 0) return way;
  }
  return ways[0] as (typeof ways)[number];
}

/** Opens a connection from a source address, ends it in a way that is drawn, and resolves with its name when the socket is closed. */
export async function openAndEnd(port: number, localAddress: string, random: Random): Promise<string> {
  const { name, end } = draw(random);
  const socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true, noDelay: true });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const answered = Promise.race([closed, new Promise<void>((resolve) => socket.once("data", () => resolve()))]);
  socket.on("error", () => undefined);
  socket.once("end", () => socket.end());
  socket.resume();
  await Promise.race([closed, new Promise<void>((resolve) => socket.once("connect", () => resolve()))]);
  if (!socket.destroyed) await end({ socket, random, answered });
  await closed;
  return name;
}

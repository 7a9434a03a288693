/**
 * A node with a TLS listener that echoes. The parent moves its clock, as hours would; everything else is as in production.
 */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { TLSSocket } from "node:tls";
import { nodeEnv, type TlsFront, tlsFront } from "@holdfast/guard";
import { answerCalls } from "../../bench/lib/child.ts";

export interface NodeSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly ticketSecret: string;
  readonly ticketRotateMs: number;
  readonly ticketSkewMs: number;
  readonly wallMs: number;
}

let front: TlsFront | null = null;
let wallMs = 0;
const live = new Set<TLSSocket>();
const server = createServer((raw) => opened().accept(raw));

function opened(): TlsFront {
  if (front === null) throw new Error("the node is not open");
  return front;
}

function echo(socket: TLSSocket): void {
  live.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => live.delete(socket));
  socket.pipe(socket);
}

const sweep = setInterval(() => front?.check(performance.now()), 500);

const calls = {
  open: async ({ wallMs: startWallMs, ...settings }: NodeSettings) => {
    wallMs = startWallMs;
    const events = { secure: echo, failed: () => undefined, said: () => undefined };
    front = tlsFront(settings, events, { clock: { ...nodeEnv.clock, wallMs: () => wallMs }, rng: nodeEnv.rng });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port };
  },
  /** Lets time pass for the ticket keys. */
  pass: (ms: number) => {
    wallMs += ms;
    opened().rotate(wallMs);
  },
  reload: () => opened().reload(),
  facts: () => ({ live: live.size, counters: opened().counters }),
};

export type TlsNodeCalls = typeof calls;

answerCalls(calls, () => {
  clearInterval(sweep);
  front?.close();
  for (const socket of live) socket.destroy();
  server.close();
});

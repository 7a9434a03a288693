import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it, type TestContext } from "node:test";
import { ends, type Guard, type GuardedWebSockets, guard } from "@holdfast/guard";
import { type WebSocket, WebSocketServer } from "ws";
import { clientFrame } from "../support/ws-frames.ts";
import { until, WsWire } from "../support/ws-wire.ts";
import { type HostileRow, hostileRows } from "./rows.ts";

interface Host {
  readonly guard: Guard;
  readonly sockets: GuardedWebSockets;
  readonly port: number;
  readonly messages: string[];
  /** The most that waited for any peer. */
  queuedMost(): number;
  open(): Promise<number>;
  stop(): Promise<void>;
}

/** A plain `ws` server without any care of its own, not even for errors, and the one line that guards it. */
async function openHost({ ws = {}, limits = {} }: HostileRow): Promise<Host> {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, ...ws });
  const made = guard(http);
  const sockets = made.webSockets(wss, { closeMs: 300, ...limits });
  const messages: string[] = [];
  let most = 0;
  const sampling = setInterval(() => {
    for (const { bufferedAmount } of wss.clients) most = Math.max(most, bufferedAmount);
  }, 5);
  wss.on("connection", (socket: WebSocket) => {
    socket.on("message", (data) => {
      messages.push(String(data));
      if (String(data) === "flood") for (let i = 0; i < 40; i++) socket.send(Buffer.alloc(1_048_576));
      else if (String(data) === "close") socket.close(1001);
      else if (String(data) === "calm") socket.send("calm");
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    guard: made,
    sockets,
    port: (http.address() as AddressInfo).port,
    messages,
    queuedMost: () => most,
    open: () => new Promise((resolve, reject) => http.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))),
    stop: async () => {
      clearInterval(sampling);
      http.closeAllConnections();
      for (const client of wss.clients) client.terminate();
      await new Promise((resolve) => http.close(resolve));
      made.release();
    },
  };
}

async function run(t: TestContext, row: HostileRow): Promise<void> {
  const host = await openHost(row);
  t.after(() => host.stop());
  const [code = "host_closed"] = row.codes;
  const bystander = await WsWire.open(host.port);
  // It lives: what it is asked it answers.
  const answering = setInterval(() => bystander.write(clientFrame("still here")), 100);
  t.after(() => clearInterval(answering));
  const wire = await WsWire.open(host.port, Buffer.alloc(0), row.headers);
  if (row.isDeaf === true) wire.socket.pause();
  for (const bytes of row.bytes) wire.write(bytes);

  await until("the end of the connection", () => host.guard.counters.ended.size > 0, 20_000);
  assert.equal(host.guard.counters.ended.get(`${code} ${ends[code].side}`), 1, `ended: ${[...host.guard.counters.ended.keys()]}`);
  assert.equal(host.guard.counters.ended.size, 1);
  // The peer has answered nothing; its connection is closed all the same, and its descriptor free.
  assert.equal(await host.open(), 1);
  wire.socket.resume();
  await until("the end at the peer", () => wire.hasEnded);
  if (row.isDeaf !== true) assert.equal(wire.closeCode, row.close);
  if (ends[code].side === "guard") assert.equal(host.sockets.counters.closeCodes.get(`${row.close} guard`), 1);
  assert.equal(host.sockets.open, 1);

  bystander.write(clientFrame("calm"));
  await until("the bystander's answer", () => bystander.texts.includes("calm"));
  assert.equal(bystander.closeCode, null);
  const theirs = host.messages.filter((message) => message !== "still here" && message !== "calm");
  assert.ok(theirs.length <= (row.messages ?? 0), `the host was given ${theirs.length} messages`);
  if (code === "ping_flood") assert.ok(host.queuedMost() < 65_536, `${host.queuedMost()} bytes waited`);
}

describe("a plain ws server under guard meets a hostile peer", { concurrency: 8 }, () => {
  const faults: unknown[] = [];
  const note = (fault: unknown): number => faults.push(fault);
  before(() => process.on("uncaughtExceptionMonitor", note));
  after(() => {
    process.off("uncaughtExceptionMonitor", note);
    assert.deepEqual(faults, []);
  });
  for (const row of hostileRows) {
    it(`${row.part}${row.row}: ${row.input}: ${row.expected}`, (t) => run(t, row));
  }
});

/** The HTTP/2 sessions of a process, against servers that leave, fall silent, refuse and lie. */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientHttp2Stream,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { resolveSessionOptions, type SessionOptions, Sessions } from "@holdfast/client/node";

interface Peer {
  readonly server: Http2Server;
  readonly origin: string;
  readonly sessions: ServerHttp2Session[];
  readonly streams: ServerHttp2Stream[];
  readonly sockets: Socket[];
  /** PINGs received. */
  pings: number;
}

async function peer(t: TestContext, options: ServerOptions = {}): Promise<Peer> {
  const server = createServer(options);
  const made: Peer = { server, origin: "", sessions: [], streams: [], sockets: [], pings: 0 };
  server.on("connection", (socket: Socket) => made.sockets.push(socket));
  server.on("session", (session) => {
    made.sessions.push(session);
    session.on("error", () => {});
    session.on("ping", () => {
      made.pings++;
    });
  });
  server.on("stream", (stream: ServerHttp2Stream) => {
    made.streams.push(stream);
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
    stream.resume();
  });
  const port = await listen(server);
  t.after(() => {
    for (const session of made.sessions) session.destroy();
    server.close();
  });
  return Object.assign(made, { origin: `http://127.0.0.1:${port}` });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function keeping(t: TestContext, options: Partial<SessionOptions> = {}): Sessions {
  const sessions = new Sessions(options);
  t.after(() => sessions.close());
  return sessions;
}

interface Asked {
  readonly stream: ClientHttp2Stream | null;
  readonly failure: string | null;
  /** How long it was given to move; null while it may stay. */
  readonly moveMs: () => number | null;
  readonly doubt: () => void;
  readonly leave: () => void;
}

function ask(sessions: Sessions, origin: string): Promise<Asked> {
  return new Promise((resolve) => {
    let moveMs: number | null = null;
    const settle = (stream: ClientHttp2Stream | null, failure: string | null): void =>
      resolve({ stream, failure, moveMs: () => moveMs, doubt: ticket.doubt, leave: ticket.leave });
    const ticket = sessions.open(origin, {
      headers: { ":method": "POST", ":path": "/" },
      opened: (stream) => settle(stream, null),
      failed: (message) => settle(null, message),
      leaving: (afterMs) => {
        moveMs = afterMs;
      },
    });
  });
}

async function until(what: string, fact: () => boolean, withinMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!fact()) {
    assert.ok(performance.now() < deadlineMs, `not in ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("sessions of a process", { concurrency: true }, () => {
  it("are one per origin for everybody, and another when that is full", async (t) => {
    const { origin, sessions: seen, streams } = await peer(t, { settings: { maxConcurrentStreams: 3 } });
    const sessions = keeping(t, { streamsMax: 10 });
    const asked = await Promise.all(Array.from({ length: 7 }, () => ask(sessions, origin)));
    assert.ok(asked.every(({ stream }) => stream !== null));
    await until("all are there", () => streams.length === 7);
    assert.deepEqual([seen.length, sessions.size, sessions.streams], [3, 3, 7]);
    asked[0]?.stream?.close(constants.NGHTTP2_CANCEL);
    await until("it is gone", () => sessions.streams === 6);
    await ask(sessions, origin);
    assert.equal(sessions.counters.opened, 3);
  });

  it("are bounded: beyond sessionsMax nothing is opened, and that is said", async (t) => {
    const { origin } = await peer(t, { settings: { maxConcurrentStreams: 1 } });
    const sessions = keeping(t, { sessionsMax: 2 });
    const asked = await Promise.all(Array.from({ length: 4 }, () => ask(sessions, origin)));
    assert.deepEqual(
      asked.map(({ stream }) => stream !== null),
      [true, true, false, false],
    );
    assert.match(asked[3]?.failure ?? "", /^all 2 sessions of http:/);
    assert.equal(sessions.counters.refused, 2);
  });

  it("are left when the server says GOAWAY: streams go on, and are told to move; new ones find another", async (t) => {
    const { origin, sessions: seen, streams } = await peer(t);
    const sessions = keeping(t);
    const first = await ask(sessions, origin);
    await until("it is there", () => streams.length === 1);
    seen[0]?.close();
    await until("it is told to move", () => first.moveMs() !== null);
    const second = await ask(sessions, origin);
    assert.ok(second.stream?.session !== first.stream?.session);
    const received = once(first.stream as ClientHttp2Stream, "data");
    streams[0]?.write("still here");
    assert.equal(String((await received)[0]), "still here");
    first.stream?.end();
    streams[0]?.end();
    await until("the first is over", () => sessions.size === 1);
  });

  it("are left at their age, and when nothing has been on them for a while", async (t) => {
    const { origin } = await peer(t);
    const aging = keeping(t, { ageMs: 300 });
    const old = await ask(aging, origin);
    await until("it is told to move", () => old.moveMs() !== null);
    assert.ok((await ask(aging, origin)).stream?.session !== old.stream?.session);
    const idle = keeping(t, { idleMs: 100 });
    (await ask(idle, origin)).stream?.close(constants.NGHTTP2_CANCEL);
    await until("it is over", () => idle.size === 0);
  });

  it("are asked by PING in silence, with streams or without, and given up when nobody answers", async (t) => {
    const made = await peer(t);
    const sessions = keeping(t, { keepAliveMs: 120, keepAliveAckMs: 300 });
    const { stream } = await ask(sessions, made.origin);
    await until("it is asked", () => made.pings >= 2);
    stream?.close(constants.NGHTTP2_CANCEL);
    await until("nothing is on it", () => sessions.streams === 0);
    const before = made.pings;
    await until("it is asked without calls", () => made.pings >= before + 2);
    assert.equal(sessions.counters.dead, 0);
    const last = await ask(sessions, made.origin);
    const over = once(last.stream as ClientHttp2Stream, "close");
    freeze(made);
    await over;
    assert.ok(sessions.counters.dead >= 1);
  });

  it("in doubt take no streams until a byte has come", async (t) => {
    const made = await peer(t);
    const sessions = keeping(t);
    const first = await ask(sessions, made.origin);
    await until("it is there", () => made.streams.length === 1);
    freeze(made);
    first.doubt();
    const second = await ask(sessions, made.origin);
    assert.ok(second.stream?.session !== first.stream?.session);
    thaw(made);
    await until("it answers", () => made.pings === 1);
    second.leave();
    let third = await ask(sessions, made.origin);
    // Its answer may still be under way.
    for (let tries = 0; tries < 50 && third.stream?.session !== first.stream?.session; tries++) third = await ask(sessions, made.origin);
    assert.ok(third.stream?.session === first.stream?.session);
    first.leave();
    assert.ok((await ask(sessions, made.origin)).stream?.session !== first.stream?.session);
  });

  it("that are told too_many_pings ask half as often from then on", async (t) => {
    const made = await peer(t);
    const sessions = keeping(t, { keepAliveMs: 60, keepAliveAckMs: 5_000 });
    await ask(sessions, made.origin);
    await until("it is asked", () => made.pings >= 1);
    made.sessions[0]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
    await until("it is over", () => sessions.counters.doubled === 1);
    made.sessions[0]?.destroy();
    await ask(sessions, made.origin);
    made.sessions[1]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
    await until("it is doubled again", () => sessions.counters.doubled === 2);
  });

  it("say why there are none: nobody listens, HTTP/1.1 is spoken, or nothing is said", async (t) => {
    const sessions = keeping(t);
    const closed = createTcpServer();
    const port = await listen(closed);
    closed.close();
    assert.match((await ask(sessions, `http://127.0.0.1:${port}`)).failure ?? "", /ECONNREFUSED/);
    const talker = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    });
    t.after(() => talker.close());
    assert.notEqual((await ask(sessions, `http://127.0.0.1:${await listen(talker)}`)).failure, null);
    assert.deepEqual([sessions.counters.failed, sessions.size], [2, 0]);
    const silent = createTcpServer((socket) => socket.on("error", () => {}).resume());
    t.after(() => silent.close());
    const origin = `http://127.0.0.1:${await listen(silent)}`;
    const unheard = { opened: () => assert.fail(), failed: () => assert.fail(), leaving: () => assert.fail(), headers: {} };
    const ticket = sessions.open(origin, unheard);
    await until("it is dialled", () => sessions.size === 1);
    ticket.cancel();
    await until("what nobody waits for is given up", () => sessions.size === 0);
    sessions.close();
    assert.equal((await ask(sessions, origin)).failure, "the sessions are closed");
  });

  it("give up a dial that comes to nothing, though somebody waits for it all the time", async (t) => {
    let dials = 0;
    const mute = createTcpServer((socket) => {
      dials++;
      socket.on("error", () => {}).resume();
    });
    t.after(() => mute.close());
    const sessions = keeping(t, { dialMs: 200 });
    const origin = `http://127.0.0.1:${await listen(mute)}`;
    const unheard = { opened: () => assert.fail(), failed: () => {}, leaving: () => assert.fail(), headers: {} };
    // Two whose patience is shorter than the dial's, and overlaps: there is always one who waits.
    let before = sessions.open(origin, unheard);
    await until("it was dialled again", () => {
      const next = sessions.open(origin, unheard);
      before.cancel();
      before = next;
      return dials >= 3;
    });
    assert.ok(sessions.counters.failed >= 2);
    before.cancel();
  });

  it("have options with bounds", () => {
    assert.equal(resolveSessionOptions({ streamsMax: 5 }).streamsMax, 5);
    assert.throws(() => resolveSessionOptions({ streamsMax: 0 }), /whole number of streams per session/);
    assert.throws(() => resolveSessionOptions({ nothing: 1 } as never), /known option of sessions/);
  });
});

type WithHandle = { readonly _handle: { readStop(): void; readStart(): void } | null };

/** Its server reads nothing more: Node's sessions read past `pause`, so the handle is told. */
function freeze({ sockets }: Peer): void {
  for (const socket of sockets) (socket as unknown as WithHandle)._handle?.readStop();
}

function thaw({ sockets }: Peer): void {
  for (const socket of sockets) (socket as unknown as WithHandle)._handle?.readStart();
}

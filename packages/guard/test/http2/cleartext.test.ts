/** One port without TLS that speaks HTTP/1.1 and HTTP/2: what a connection begins with decides, and the whole guard holds for both. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type ConnectionRow, type Ending, type Guard, type GuardOptions, guard, http2ServerOptions, resolveHttp2Limits } from "@holdfast/guard";
import { frameTypes, headers, ping, preface, RawHttp2, requestFields, settings } from "../../../../scripts/test-support/http2-frames.ts";
import { eventually } from "../support/h2-server.ts";

const limits = { pingsMax: 10, announceMs: 100 };

interface Both {
  readonly guarded: Guard;
  readonly port: number;
  readonly endings: (Ending & { readonly row: ConnectionRow })[];
  /** Requests of HTTP/2 that wait for their answer. */
  readonly held: (() => void)[];
}

function http2Server(held: (() => void)[]): Http2Server {
  return createHttp2Server(http2ServerOptions(resolveHttp2Limits(limits)), ({ url }, response) => {
    if (url === "/wait") held.push(() => response.end("late"));
    else response.end("two");
  });
}

async function both(t: TestContext, options: Partial<GuardOptions> = {}): Promise<Both> {
  const endings: Both["endings"] = [];
  const held: Both["held"] = [];
  const server = createServer((_request, response) => response.end("one"));
  const guarded = guard(server, options, { http2: limits, h2c: http2Server(held), ended: (row, ending) => endings.push({ ...ending, row }) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const { id } of guarded.connections()) guarded.kill(id);
    guarded.release();
    server.close();
  });
  return { guarded, port: (server.address() as AddressInfo).port, endings, held };
}

interface Talk {
  readonly socket: Socket;
  said: string;
  isOver: boolean;
}

async function talk(t: TestContext, port: number): Promise<Talk> {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  const talked: Talk = { socket, said: "", isOver: false };
  socket.on("data", (bytes: Buffer) => {
    talked.said += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    talked.isOver = true;
  });
  await once(socket, "connect");
  socket.setNoDelay(true);
  return talked;
}

const request = Buffer.from("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab");
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 15));

test("a connection is led by its first bytes, wherever they are cut", async (t) => {
  const { port, guarded } = await both(t);
  for (const cuts of [[], [1], [2], [3], [4], [1, 2], [1, 2, 3], [23], [24]]) {
    const [one, two] = [await talk(t, port), await talk(t, port)];
    const hello = Buffer.concat([preface, settings()]);
    for (const [i, from] of [0, ...cuts].entries()) {
      one.socket.write(request.subarray(from, cuts[i]));
      two.socket.write(hello.subarray(from, cuts[i]));
      await pause();
    }
    assert.ok(await eventually(() => one.said.endsWith("one")), `${cuts}: ${one.said}`);
    // Its SETTINGS, and the acknowledgement of ours.
    assert.ok(await eventually(() => two.said.charCodeAt(3) === frameTypes.settings && two.said.length > 9), `${cuts}: ${JSON.stringify(two.said)}`);
    one.socket.end();
    two.socket.end();
  }
  assert.equal(guarded.counters.http2.sessions, 9);
  assert.equal(guarded.counters.requests, 9);
});

test("who ends, or resets, before three bytes is let go; what is neither is refused", async (t) => {
  const { port, endings } = await both(t);
  const [silent, brief, reset, other] = [await talk(t, port), await talk(t, port), await talk(t, port), await talk(t, port)];
  silent.socket.end();
  brief.socket.end("PR");
  reset.socket.write("P");
  other.socket.write("PRIX\r\n\r\n");
  await pause();
  reset.socket.resetAndDestroy();
  assert.ok(await eventually(() => silent.isOver && brief.isOver && other.isOver && endings.length === 4));
  assert.equal(silent.said, "");
  assert.match(brief.said, /^HTTP\/1\.1 400 /);
});

test("who says nothing, or too little to tell, has the time of a header and no more", async (t) => {
  const { port, endings } = await both(t, { headersMs: 300 });
  const [nothing, little] = [await talk(t, port), await talk(t, port)];
  little.socket.write("PR");
  assert.ok(await eventually(() => nothing.isOver && little.isOver && endings.length === 2));
  assert.deepEqual(
    endings.map(({ side }) => side),
    ["guard", "guard"],
  );
});

test("sessions and connections of both kinds share caps, stand in one table, and floods are ended", async (t) => {
  const { guarded, port, endings } = await both(t, { perAddressMax: 2 });
  const flood = await RawHttp2.open(port);
  const one = await talk(t, port);
  one.socket.write(request);
  assert.ok(await eventually(() => one.said.endsWith("one")));
  assert.deepEqual(
    guarded.connections().map(({ protocol }) => protocol),
    ["h2c", "http/1.1"],
  );
  const third = await talk(t, port);
  assert.ok(await eventually(() => third.isOver));
  for (let i = 0; i < 50; i++) flood.send(ping());
  assert.ok(await flood.untilEnded());
  assert.ok(await eventually(() => endings.some(({ code }) => code === "ping_flood")));
});

test("a session is left in two steps when the server drains, and by its age", async (t) => {
  const drained = await both(t, { drainMs: 20_000 });
  const aged = await both(t, { ageMs: 300 });
  const peers = [await RawHttp2.open(drained.port), await RawHttp2.open(aged.port)];
  for (const peer of peers) {
    peer.answersPings = true;
    peer.send(headers(1, requestFields("/wait")));
  }
  assert.ok(await eventually(() => drained.held.length + aged.held.length === 2));
  const over = drained.guarded.drain({ unreadyMs: 0, windowMs: 200 });
  for (const peer of peers) assert.ok(await peer.until(() => peer.goaways().length === 2));
  for (const answer of [...drained.held, ...aged.held]) answer();
  for (const peer of peers) {
    assert.ok(await peer.untilEnded());
    assert.equal(peer.count(frameTypes.data, 1) > 0, true);
    peer.close();
  }
  await over;
  assert.ok(await eventually(() => aged.endings.length === 1));
  assert.deepEqual([drained.endings[0]?.code, aged.endings[0]?.code], ["draining", "age_limit"]);
});

test("is not offered where TLS decides, nor for what is no plain server", () => {
  const h2c = http2Server([]);
  assert.throws(() => guard(createHttpsServer(), {}, { h2c }), /with TLS/);
  assert.throws(() => guard(createHttp2Server(), {}, { h2c }), /server of `http`/);
});

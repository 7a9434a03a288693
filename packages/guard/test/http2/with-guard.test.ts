/** HTTP/2 servers under the whole guard: the table, codes, counters, and a drain. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createSecureServer, createServer, type Http2SecureServer, type Http2Server } from "node:http2";
import { get } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { type ConnectionRow, type Ending, type Guard, type GuardOptions, guard, http2ServerOptions, resolveHttp2Limits } from "@holdfast/guard";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { data, flags, frameTypes, headers, ping, RawHttp2 } from "../../../../scripts/test-support/http2-frames.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { eventually } from "../support/h2-server.ts";

const limits = { pingsMax: 10, announceMs: 100 };

interface Whole {
  readonly guarded: Guard;
  readonly port: number;
  readonly endings: (Ending & { readonly row: ConnectionRow })[];
}

async function whole(t: TestContext, server: Http2Server | Http2SecureServer, options: Partial<GuardOptions> = {}): Promise<Whole> {
  const endings: Whole["endings"] = [];
  const guarded = guard(server, options, { http2: limits, ended: (row, ending) => endings.push({ ...ending, row }) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    for (const { id } of guarded.connections()) guarded.kill(id);
    guarded.release();
    if (server.listening) server.close();
  });
  return { guarded, port: (server.address() as AddressInfo).port, endings };
}

const options = http2ServerOptions(resolveHttp2Limits(limits));

test("a session stands in the table, and its end has the guard's code, whoever found the fault", async (t) => {
  const server = createServer(options, (_request, response) => response.end("ok"));
  const { guarded, port, endings } = await whole(t, server);
  const [flood, fault, gone] = [await RawHttp2.open(port), await RawHttp2.open(port), await RawHttp2.open(port)];
  for (const peer of [flood, fault, gone]) {
    peer.send(headers(1));
    assert.ok(await peer.until(() => peer.count(frameTypes.data, 1) > 0));
  }
  assert.deepEqual(
    guarded.connections().map(({ protocol, requests }) => [protocol, requests]),
    [
      ["h2c", 1],
      ["h2c", 1],
      ["h2c", 1],
    ],
  );
  const [floodPort, faultPort, gonePort] = [flood, fault, gone].map(({ socket }) => socket.localPort ?? 0);
  for (let i = 0; i < 50; i++) flood.send(ping());
  fault.send(data(99, Buffer.of(1)));
  gone.close();
  assert.ok(await eventually(() => endings.length === 3));
  const endOf = (peerPort?: number): string => {
    const ending = endings.find(({ row }) => row.peer.endsWith(`:${peerPort}`));
    return `${ending?.code} ${ending?.side}`;
  };
  assert.equal(endOf(floodPort), "ping_flood guard");
  assert.equal(endOf(faultPort), "protocol_error guard");
  assert.match(endOf(gonePort), / peer$/);
  assert.deepEqual(guarded.counters.http2.ended, { ping_flood: 1, protocol_error: 1 });
});

test("a drain lets sessions finish what is open, and ends idle ones", async (t) => {
  let answer = (): void => {};
  const server = createServer(options, (_request, response) => {
    answer = () => response.end("late");
  });
  const { guarded, port, endings } = await whole(t, server, { drainMs: 20_000 });
  const [busy, idle] = [await RawHttp2.open(port), await RawHttp2.open(port)];
  busy.answersPings = true;
  busy.send(headers(1));
  assert.ok(await eventually(() => guarded.counters.requests === 1 && guarded.connections().length === 2));
  const drained = guarded.drain({ unreadyMs: 0, windowMs: 500 });
  assert.ok(await idle.untilEnded());
  assert.ok(await busy.until(() => busy.goaways().length === 2));
  answer();
  assert.ok(await busy.untilEnded());
  assert.equal(
    busy.frames.some(({ type, flags: bits }) => type === frameTypes.data && (bits & flags.endStream) !== 0),
    true,
  );
  for (const peer of [busy, idle]) peer.close();
  await drained;
  assert.deepEqual(
    endings.map(({ code }) => code),
    ["draining", "draining"],
  );
});

test("one TLS server speaks both protocols, and the guard knows which", { skip: needs("openssl") }, async (t) => {
  const server = createSecureServer({ ...options, ...onePair(), allowHTTP1: true }, (_request, response) => response.end("ok"));
  const { guarded, port } = await whole(t, server);
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const stream = session.request({ ":path": "/" });
  stream.resume();
  await once(stream, "end");
  const request = get({ host: "127.0.0.1", port, rejectUnauthorized: false, agent: false });
  t.after(() => request.destroy());
  const [response] = await once(request, "response");
  assert.equal(response.statusCode, 200);
  const rows = guarded.connections().map(({ protocol, tls }) => `${protocol} ${tls?.alpn}`);
  assert.ok(rows.includes("h2 h2"), rows.join());
  response.resume();
});

test("a tunnel and an unknown expectation are refused by name, as a host without listeners for them would, and the session goes on", async (t) => {
  const server = createServer(options, (_request, response) => response.end("ok"));
  const { guarded, port } = await whole(t, server);
  const client = connect(`http://127.0.0.1:${port}`);
  t.after(() => client.destroy());
  const statusOf = async (fields: Record<string, string>): Promise<number> => {
    const stream = client.request(fields);
    stream.resume();
    const [answer] = (await once(stream, "response")) as [Record<string, number>];
    return answer[":status"] ?? 0;
  };
  assert.equal(await statusOf({ ":method": "CONNECT", ":authority": "example:443" }), 405);
  assert.equal(await statusOf({ ":path": "/", expect: "banana" }), 417);
  assert.equal(guarded.counters.refused.get("unsupported"), 2);
  assert.equal(await statusOf({ ":path": "/" }), 200);
});

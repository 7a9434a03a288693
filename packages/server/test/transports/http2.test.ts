/** Requests and links over HTTP/2: a session carries many, and none of them may cost another anything. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { Http2Client, until } from "../../../../scripts/test-support/http2-client.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import type { AuthorizeFunction, ServerOptions, ServerParts } from "../../src/index.ts";
import { linkBody } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const subscribe = (stream: string, from: unknown = "first", id = 1): Record<string, unknown> => ({ type: "subscribe", id, stream, from });
const big = Buffer.from(JSON.stringify("x".repeat(40_000)));

describe("a server with a certificate, over HTTP/2", { skip: needs("openssl") }, () => {
  const folder = certificates();
  const { certFile, keyFile } = folder.make("server");
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  const servers: TestServer[] = [];
  const clients: Http2Client[] = [];
  const start = async (options: Partial<ServerOptions> = {}, parts: Partial<ServerParts> = {}): Promise<TestServer> => {
    const server = await testServer({ heartbeatMs: 60_000, ...options }, { listener: { tls: { certFile, keyFile } }, ...parts });
    servers.push(server);
    return server;
  };
  const open = async ({ url }: TestServer): Promise<Http2Client> => {
    const client = await Http2Client.open(url);
    clients.push(client);
    return client;
  };
  let test: TestServer;
  let client: Http2Client;
  before(async () => {
    process.on("warning", onWarning);
    test = await start();
    client = await open(test);
  });
  after(async () => {
    for (const each of clients) each.session.destroy();
    for (const each of servers) await each.stop();
    folder[Symbol.dispose]();
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []); // Node warns of headers that HTTP/2 does not have.
  });

  it("answers what it answers over HTTP/1.1", async () => {
    assert.equal((await client.publish("plain", { n: 1 })).status, 200);
    const history = await client.get("/v1/streams/plain?after=first").whole();
    assert.equal(history.status, 200);
    assert.deepEqual(JSON.parse(history.text).entries[0].data, { n: 1 });
    assert.equal((await client.send({ ":method": "HEAD", ":path": "/v1/streams/plain" }).whole()).text, "");
    assert.equal((await client.get("/nothing").whole()).status, 404);
    assert.equal((await client.get("/v1/link").whole()).status, 400);
    assert.equal((await client.get("/healthz").whole()).status, 200);
    const [row] = test.server.guard.connections();
    assert.equal(row?.protocol, "h2");
    assert.equal(row?.tls?.alpn, "h2");
    assert.equal(row?.requests, 6);
  });

  it("answers to its own names only, and to pages that may", async () => {
    const refusedOf = async (headers: Record<string, string>): Promise<unknown> => {
      const answer = await client.get("/v1/streams", headers).whole();
      return JSON.parse(answer.text).error?.code ?? answer.status;
    };
    assert.equal(await refusedOf({ ":authority": "evil.example" }), "bad_host");
    assert.equal(await refusedOf({ host: "evil.example" }), "bad_host");
    assert.equal(await refusedOf({ ":authority": "evil.example", host: new URL(test.url).host }), "bad_host");
    assert.equal(await refusedOf({ host: new URL(test.url).host }), 200);
    assert.equal(await refusedOf({ origin: "https://evil.example" }), "bad_origin");
    assert.equal(await refusedOf({ origin: test.url }), 200);
    const preflight = { ":method": "OPTIONS", ":path": "/v1/streams/a", origin: test.url, "access-control-request-method": "POST" };
    assert.equal((await client.send(preflight).whole()).headers?.["access-control-allow-origin"], test.url);
  });

  it("refuses a body that is too long, and the session goes on", async () => {
    const answer = await client.post("/v1/sse", "x".repeat(500_000)).whole();
    assert.equal(answer.status, 413);
    assert.equal((await client.get("/healthz").whole()).status, 200);
  });

  it("takes nothing of a body that its client leaves in the middle, and answers nobody", async () => {
    const refused = [...test.server.hub.counters.refused];
    const session = await open(test);
    const left = session.session.request({ ":method": "POST", ":path": "/v1/streams/half", "content-type": "application/json" }, { endStream: false });
    left.on("error", () => {});
    left.write("1");
    await session.get("/healthz").whole(); // What was sent before it has been read.
    left.destroy(new Error("gone")); // Node would end the body before it closes the stream.
    await session.publish("half", 2);
    assert.deepEqual(
      JSON.parse((await session.get("/v1/streams/half?after=first").whole()).text).entries.map(({ data }: { data: unknown }) => data),
      [2],
    );
    assert.deepEqual([...test.server.hub.counters.refused], refused);
    await session.close();
  });

  it("carries many links on one session, each with everything, and each ends alone", async () => {
    const session = await open(test);
    const before = test.server.stats().links;
    const kinds = Array.from({ length: 30 }, (_, n) =>
      n % 2 === 0 ? session.link(subscribe("many")) : session.get("/v1/sse?stream=many&after=first", { accept: "text/event-stream" }),
    );
    for (const each of kinds) await each.until(() => each.ofType("subscribed").length === 1);
    assert.equal(test.server.stats().links - before, 30);
    assert.equal(kinds[0]?.headers?.["content-type"], "text/event-stream");
    assert.equal(kinds[0]?.headers?.["connection"], undefined);
    for (let n = 1; n <= 5; n++) await session.publish("many", `entry-${n}`);
    for (const each of kinds) await each.until(() => [1, 2, 3, 4, 5].every((n) => each.text.includes(`entry-${n}`)));
    kinds[0]?.stream.close(8); // CANCEL, as a page does that calls close().
    await until(
      () => test.server.stats().links - before === 29,
      () => `${test.server.stats().links}`,
    );
    await session.publish("many", "later");
    for (const each of kinds.slice(1)) await each.until(() => each.text.includes("later"));
    await session.close();
    await until(
      () => test.server.stats().links === before,
      () => `${test.server.stats().links}`,
    );
  });

  it("answers polls, one after the other, on one session", async () => {
    await client.publish("polled", "a");
    const first = await client.post("/v1/poll", linkBody(subscribe("polled"))).whole();
    assert.equal(first.status, 200);
    assert.ok(first.text.includes('"a"') && first.text.endsWith("\n"), first.text);
    const waiting = client.post("/v1/poll", linkBody(subscribe("polled", "now")));
    await until(
      () => test.server.stats().linksByTransport["poll"] === 1,
      () => "no poll",
    );
    await client.publish("polled", "b");
    assert.ok((await waiting.whole()).text.includes('"b"'));
  });

  it("gives a reader that was slow everything once it reads again, and holds nobody else up", async () => {
    const session = await open(test);
    const [slow, quick] = [session.link(subscribe("wide")), session.link(subscribe("wide"))];
    for (const each of [slow, quick]) await each.until(() => each.ofType("subscribed").length === 1);
    slow.stream.pause();
    for (let n = 0; n < 60; n++) {
      assert.ok((await test.server.hub.append({ stream: "wide", entries: [{ format: "json", payload: big }] })).ok);
      await quick.until(() => quick.text.length >= (n + 1) * 40_000);
    }
    assert.ok(slow.text.length < 30 * 40_000, "a closed window holds back what does not fit");
    slow.stream.resume();
    await slow.until(() => slow.ofType("entry").length === 60);
    assert.equal(slow.text.length, quick.text.length);
    await session.close();
  });

  it("lets a reader go that takes nothing for stallMs, by a reset of its stream alone", async () => {
    const strict = await start({ stallMs: 1_000, heartbeatMs: 500 });
    const session = await open(strict);
    const [slow, quick] = [session.link(subscribe("wide")), session.link(subscribe("wide"))];
    for (const each of [slow, quick]) await each.until(() => each.ofType("subscribed").length === 1);
    slow.stream.pause();
    for (let n = 0; n < 20; n++) assert.ok((await strict.server.hub.append({ stream: "wide", entries: [{ format: "json", payload: big }] })).ok);
    await until(
      () => strict.server.stats().links === 1,
      () => "the slow one stays",
    );
    slow.stream.resume();
    await slow.whole();
    assert.notEqual(slow.stream.rstCode, 0, "half a response must not pass for a whole one");
    await quick.until(() => quick.ofType("entry").length === 20);
    assert.equal(session.isLeft, false);
    await session.close();
  });

  it("takes a subject's link back with what waits for it, and leaves the session's others", async () => {
    const authorize: AuthorizeFunction = ({ action, credentials }) => (action === "connect" ? { subject: credentials.token ?? "" } : true);
    const guarded = await start({}, { auth: authorize });
    const session = await open(guarded);
    const link = (token: string) => session.post("/v1/sse", linkBody(subscribe("wide")), { authorization: `Bearer ${token}` });
    const [ada, bob] = [link("ada"), link("bob")];
    for (const each of [ada, bob]) await each.until(() => each.ofType("subscribed").length === 1);
    assert.equal(guarded.server.guard.connections()[0]?.subject, "bob");
    ada.stream.pause();
    for (let n = 0; n < 20; n++) assert.ok((await guarded.server.hub.append({ stream: "wide", entries: [{ format: "json", payload: big }] })).ok);
    await bob.until(() => bob.ofType("entry").length === 20);
    assert.deepEqual(guarded.server.revoke({ subject: "ada" }), { links: 1 });
    ada.stream.resume();
    await ada.whole();
    assert.notEqual(ada.stream.rstCode, 0);
    assert.ok(ada.ofType("entry").length < 10, `${ada.ofType("entry").length} entries`);
    assert.ok((await guarded.server.hub.append({ stream: "wide", entries: [{ format: "json", payload: big }] })).ok);
    await bob.until(() => bob.ofType("entry").length === 21);
    await session.close();
  });

  it("keeps nothing of an event stream whose client leaves while it is judged", async () => {
    const answers: ((may: boolean) => void)[] = [];
    const authorize: AuthorizeFunction = ({ action }) =>
      action === "connect" ? { subject: "ada" } : new Promise<boolean>((resolve) => void answers.push(resolve));
    const slow = await start({}, { auth: authorize });
    const session = await open(slow);
    const native = session.get("/v1/sse?stream=judged", { accept: "text/event-stream" });
    await native.until(() => answers.length === 1);
    native.stream.close(8);
    await session.get("/healthz").whole();
    answers[0]?.(true);
    await session.get("/healthz").whole();
    assert.equal(slow.server.stats().links, 0);
    assert.equal((await session.get("/healthz").whole()).status, 200);
    await session.close();
  });

  it("moves the links of a session that has reached its age, and then leaves it", async () => {
    const ageing = await start({}, { guard: { ageMs: 1_000, drainMs: 20_000 } });
    const session = await open(ageing);
    const link = session.link(subscribe("aged"));
    const native = session.get("/v1/sse?stream=aged&after=first", { accept: "text/event-stream" });
    await link.until(() => link.ofType("goaway").length === 1);
    assert.equal(link.ofType("goaway")[0]?.["code"], "rotated");
    await native.whole(); // It is told when to come back, and its response ends in good order.
    assert.equal(native.stream.rstCode, 0);
    assert.ok(native.text.includes("retry: "));
    await until(
      () => session.isLeft,
      () => "no GOAWAY",
    );
    // Make before break: what is published while the client moves still comes.
    assert.equal((await (await open(ageing)).publish("aged", "last")).status, 200);
    await link.until(() => link.text.includes("last"));
    link.stream.close(8);
    await until(
      () => session.isOver,
      () => "the session is open",
    );
  });

  it("ends a link by its own word before what is left of its session is reset, however little time that has", async () => {
    const ageing = await start({}, { guard: { ageMs: 1_000, drainMs: 3_000 } });
    const session = await open(ageing);
    const link = session.link(subscribe("short"));
    await link.until(() => link.ofType("goaway").length === 1);
    await link.whole();
    assert.deepEqual([link.ofType("bye")[0]?.["code"], link.stream.rstCode], ["rotated", 0]);
  });

  it("takes no more requests of a session from the first link on that is told to move", async () => {
    const leaving = await start();
    const session = await open(leaving);
    const link = session.link(subscribe("left"));
    await link.until(() => link.ofType("subscribed").length === 1);
    const drained = leaving.server.hub.drain(); // Without guard's part in it, which leaves sessions at slots of their own.
    await link.until(() => link.ofType("goaway").length === 1);
    await until(
      () => session.isLeft,
      () => "no GOAWAY",
    );
    await link.whole();
    await drained;
  });

  it("drains: links are told to move and the session takes nothing new, while what is open goes on to its end", async () => {
    const leaving = await start({ drainMs: 4_000 });
    const session = await open(leaving);
    const link = session.link(subscribe("left"));
    await link.until(() => link.ofType("subscribed").length === 1);
    const closed = leaving.server.close();
    await link.until(() => link.ofType("goaway").length === 1);
    await until(
      () => session.isLeft,
      () => "no GOAWAY",
    );
    assert.ok((await leaving.server.hub.append({ stream: "left", entries: [{ format: "json", payload: Buffer.from('"last"') }] })).ok);
    await link.until(() => link.text.includes("last"));
    await link.whole();
    assert.equal(link.stream.rstCode, 0, link.text);
    await closed;
    assert.ok(session.isOver);
  });
});

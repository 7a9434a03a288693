/** The HTTP interface of a server that asks who sent a request: tokens, rights, tickets, the cookie, and what no address may hold. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { Wire } from "../../../../scripts/test-support/wire.ts";
import { memoryEngine } from "../../src/engines/memory.ts";
import { createServer, jwtAuthorizer, nodeEnv } from "../../src/index.ts";
import { eventsOf, getSse, messagesOf } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";
import { audience, type Claims, issuer, newIssuer } from "./support/tokens.ts";

const keys = newIssuer();
const jwt = jwtAuthorizer({ issuer, audience, publicKey: keys.pem }, nodeEnv.clock);
const rights = { read: ["rooms/*"], publish: ["rooms/*"] };
const token = (claims: Claims = rights): Promise<string> => keys.sign(claims);

describe("the HTTP interface of a server that asks", () => {
  let test: TestServer;
  let bearer: { authorization: string };
  before(async () => {
    test = await testServer({}, { auth: jwt });
    bearer = { authorization: `Bearer ${await token()}` };
    const all = { authorization: `Bearer ${await token({ read: ["**"], publish: ["**"] })}` };
    for (const stream of ["rooms/1", "rooms/2", "secret/1"]) assert.equal((await test.post(stream, "1", all)).status, 200);
  });
  after(() => test.stop());

  const get = async (path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: Record<string, unknown>; response: Response }> => {
    const response = await fetch(test.url + path, { headers });
    const text = await response.text();
    return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>, response };
  };
  const codeIn = (body: Record<string, unknown>): string => (body["error"] as { code: string }).code;

  it("answers 401 without a token, 403 without the right, in the same words for what is not there", async () => {
    for (const path of ["/v1/streams/rooms/1", "/v1/streams", "/v1/sse?stream=rooms/1"]) {
      const { status, response, body } = await get(path);
      assert.deepEqual([status, response.headers.get("www-authenticate"), codeIn(body)], [401, "Bearer", "unauthenticated"], path);
    }
    assert.equal((await get("/v1/streams/rooms/1", { authorization: "Basic eDp5" })).status, 401);
    const there = await get("/v1/streams/secret/1", bearer);
    const nowhere = await get("/v1/streams/secret/nowhere", bearer);
    assert.deepEqual([there.status, there.body], [403, { error: { code: "forbidden", message: "not allowed" } }]);
    assert.deepEqual([nowhere.status, nowhere.body], [there.status, there.body]);
    assert.equal((await get("/v1/streams/rooms/1", bearer)).status, 200);
    assert.equal((await get("/v1/streams/rooms/1?after=first", { authorization: bearer.authorization.replace("Bearer", "bearer") })).status, 200);
  });

  it("publishes and closes as the rights say", async () => {
    assert.equal((await test.post("rooms/1", "1")).status, 401);
    assert.equal((await test.post("secret/1", "1", bearer)).status, 403);
    assert.equal((await test.post("rooms/1", "2", bearer)).status, 200);
    const noClose = { authorization: `Bearer ${await token({ ...rights, close: [] })}` };
    assert.equal((await test.post("rooms/1", "3", { ...noClose, "holdfast-close": "true" })).status, 403);
    assert.equal((await test.post("rooms/1", "3", noClose)).status, 200);
  });

  it("lists what may be read, page by page, and tells no other name", async () => {
    const first = await get("/v1/streams?limit=1", bearer);
    const second = await get(`/v1/streams?limit=1&after=${first.body["next"]}`, bearer);
    const third = await get(`/v1/streams?limit=1&after=${second.body["next"]}`, bearer);
    const names = [first, second, third].flatMap(({ body }) => (body["streams"] as { stream: string }[]).map(({ stream }) => stream));
    assert.deepEqual([names, third.body["next"]], [["rooms/1", "rooms/2"], null]);
  });

  it("refuses two Authorization headers, and a token in an address, everywhere", async () => {
    const said = await token();
    const twice = `GET /v1/streams HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\nAuthorization: Bearer ${said}\r\nAuthorization: Bearer x\r\n\r\n`;
    const doubled = await RawHttp.send(test.port, twice);
    assert.equal((await doubled.whole()).status, 400);
    for (const path of ["/v1/streams", "/v1/streams/rooms/1", "/v1/sse", "/v1/tickets", "/v1/session", "/v1/link"]) {
      for (const query of [`token=${said}`, `access_token=x`, `ticket=${said}`, `x=${said}`, `JWT=x`]) {
        const { status, body } = await get(`${path}?stream=rooms/1&${query}`, bearer);
        assert.deepEqual([status, codeIn(body)], [400, "bad_request"], `${path} ${query.slice(0, 10)}`);
        assert.ok(!JSON.stringify(body).includes(said.slice(0, 20)));
      }
    }
    const upgrade = requestBytes("GET", `/v1/link?token=${said}`, test.port, {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    });
    assert.equal((await (await RawHttp.send(test.port, upgrade)).whole()).status, 400);
  });

  it("gives a ticket for a token, and a cookie for a ticket, once", async () => {
    assert.equal((await fetch(`${test.url}/v1/tickets`, { method: "POST" })).status, 401);
    const given = await fetch(`${test.url}/v1/tickets`, { method: "POST", headers: bearer });
    const { ticket, expiresMs } = (await given.json()) as { ticket: string; expiresMs: number };
    assert.deepEqual([given.status, expiresMs, given.headers.get("cache-control")], [200, 30_000, "no-store"]);
    const redeem = (): Promise<Response> => fetch(`${test.url}/v1/session`, { method: "POST", body: JSON.stringify({ ticket }) });
    const session = await redeem();
    const cookie = session.headers.get("set-cookie") ?? "";
    assert.equal(session.status, 200);
    assert.match(cookie, /^holdfast_session=[\w.-]+; Path=\/v1; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    const again = await redeem();
    assert.deepEqual([again.status, again.headers.get("set-cookie")], [401, null]);
    const shown = { cookie: `x=1; ${cookie.split(";")[0]}; y=2` };
    assert.equal((await get("/v1/streams/rooms/1", shown)).status, 200);
    assert.equal((await get("/v1/streams/secret/1", shown)).status, 403);
    // It lets nobody write, and opens no WebSocket.
    assert.equal((await test.post("rooms/1", "1", shown)).status, 401);
    const wire = await Wire.open(test.port, undefined, shown);
    wire.send({ type: "hello", protocol: 1 });
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 4501);
    wire.destroy();
    for (const body of ["", "{}", '{"ticket":5}', "null", "x"]) {
      assert.equal((await fetch(`${test.url}/v1/session`, { method: "POST", body })).status, 400, body);
    }
    assert.equal((await fetch(`${test.url}/v1/session`)).status, 405);
  });

  it("marks the cookie for TLS where the page came by it", async () => {
    const secure = await testServer({ origins: ["https://app.example"] }, { auth: jwt });
    const given = await fetch(`${secure.url}/v1/tickets`, { method: "POST", headers: bearer });
    const body = JSON.stringify(await given.json());
    const session = await fetch(`${secure.url}/v1/session`, { method: "POST", body, headers: { origin: "https://app.example" } });
    assert.match(session.headers.get("set-cookie") ?? "", /; Secure$/);
    await secure.stop();
  });

  it("redeems the ticket of an event stream's address once, and knows it again by the cookie", async () => {
    const ticketFor = async (): Promise<string> =>
      ((await (await fetch(`${test.url}/v1/tickets`, { method: "POST", headers: bearer })).json()) as { ticket: string }).ticket;
    const query = `stream=rooms/2&after=first&ticket=${await ticketFor()}`;
    const head = await RawHttp.send(test.port, requestBytes("HEAD", `/v1/sse?${query}`, test.port));
    await head.until(() => head.bytes.includes("\r\n\r\n"));
    assert.match(head.bytes.toString(), /^HTTP\/1.1 401 /);
    const stream = await getSse(test.port, query);
    await stream.until(() => messagesOf(eventsOf(stream).events).some(({ type }) => type === "entry"));
    const cookie = stream.response?.headers["set-cookie"]?.split(";")[0] ?? "";
    assert.match(cookie, /^holdfast_session=/);
    const without = await getSse(test.port, query);
    assert.equal((await without.whole()).status, 401);
    const back = await RawHttp.send(test.port, requestBytes("GET", `/v1/sse?${query}`, test.port, { Cookie: cookie }));
    await back.until(() => messagesOf(eventsOf(back).events).some(({ type }) => type === "entry"));
    // Another ticket is another one, whatever cookie comes along.
    const used = await RawHttp.send(test.port, requestBytes("GET", `/v1/sse?stream=rooms/2&ticket=${await ticketFor()}x`, test.port, { Cookie: cookie }));
    assert.equal((await used.whole()).status, 401);
    const forbidden = await RawHttp.send(test.port, requestBytes("GET", "/v1/sse?stream=rooms/2&stream=secret/1", test.port, { Cookie: cookie }));
    assert.equal((await forbidden.whole()).status, 403);
    assert.equal(test.server.revoke({ subject: "alice" }).links, 2);
    await back.until(() => back.hasEnded);
    const revoked = await RawHttp.send(test.port, requestBytes("GET", `/v1/sse?${query}`, test.port, { Cookie: cookie }));
    assert.equal((await revoked.whole()).status, 401);
    for (const http of [head, stream, without, back, used, forbidden, revoked]) http.destroy();
  });
});

describe("a server beyond this machine", () => {
  const engine = () => memoryEngine({ env: nodeEnv });

  it("demands a decision on whom to let in and on origins, and names what is lacking", async () => {
    assert.throws(() => createServer({ engine: engine(), options: { host: "0.0.0.0" } }), /`auth`.* and `origins`/);
    assert.throws(() => createServer({ engine: engine(), options: { host: "0.0.0.0", origins: [] } }), /decision on `auth`/);
    assert.throws(() => createServer({ engine: engine(), options: { host: "::" }, auth: "anonymous" }), /decision on `origins`/);
    const decided = [
      createServer({ engine: engine(), options: { host: "0.0.0.0", drainMs: 1, origins: ["none"] }, auth: "anonymous" }),
      createServer({ engine: engine(), options: { host: "0.0.0.0", drainMs: 1, origins: ["https://a.example"] }, auth: jwt }),
    ];
    for (const server of decided) await server.close();
    assert.throws(() => createServer({ engine: engine(), auth: "everybody" as "anonymous" }), TypeError);
  });

  it("has nothing to give a ticket for where nobody is asked", async () => {
    const test = await testServer();
    assert.equal((await fetch(`${test.url}/v1/tickets`, { method: "POST" })).status, 404);
    // A token is not looked at, and not in the way.
    assert.equal((await test.post("a", "1", { authorization: "Bearer x" })).status, 200);
    const wire = await Wire.open(test.port);
    wire.send({ type: "hello", protocol: 1, token: "x" });
    wire.send({ type: "auth", id: 4, token: "y" });
    await wire.until(() => wire.messages("authed").length === 1);
    assert.deepEqual([wire.messages("authed")[0], wire.messages("welcome")[0]?.["expiresMs"]], [{ type: "authed", id: 4 }, undefined]);
    wire.destroy();
    await test.stop();
  });
});

/** Links of a server that asks who they are: over WebSocket and over requests, by bare bytes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawHttp } from "../../../../scripts/test-support/raw-http.ts";
import { clientFrame, Wire } from "../../../../scripts/test-support/wire.ts";
import type { AuthorizeFunction, HoldfastServer } from "../../src/index.ts";
import { jwtAuthorizer, nodeEnv } from "../../src/index.ts";
import { linkRequest, ofType, pollMessages, sseMessages } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";
import { audience, type Claims, issuer, newIssuer } from "./support/tokens.ts";

const keys = newIssuer();
const jwt = jwtAuthorizer({ issuer, audience, publicKey: keys.pem, clockToleranceMs: 0 }, nodeEnv.clock);
const all = { read: ["**"], publish: ["**"] };
const token = (claims: Claims = all): Promise<string> => keys.sign({ lifeMs: 3_600_000, ...claims });

const append = async (server: HoldfastServer, stream: string, payload: string): Promise<void> => {
  const result = await server.hub.append({ stream, entries: [{ format: "json", payload: Buffer.from(payload) }] });
  assert.ok(result.ok);
};

async function greet(port: number, said: string | undefined, ...more: readonly unknown[]): Promise<Wire> {
  const messages = [{ type: "hello", protocol: 1, token: said }, ...more].map((message) => clientFrame(JSON.stringify(message)));
  return await Wire.open(port, Buffer.concat(messages));
}

async function live(port: number, said: string): Promise<Wire> {
  const wire = await greet(port, said);
  await wire.until(() => wire.messages("welcome").length > 0);
  return wire;
}

async function request(port: number, path: string, said: string | undefined, ...more: readonly object[]): Promise<RawHttp> {
  const lines = [{ type: "hello", protocol: 1, token: said }, ...more].map((message) => JSON.stringify(message));
  return await RawHttp.send(port, linkRequest(path, port, lines.join("\n")));
}

describe("a link of a server that asks", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer({}, { auth: jwt });
  });
  after(() => test.stop());

  it("is refused without a good token: by close code, by status, and in the same words", async () => {
    const hourMs = 3_600_000;
    for (const [what, said, closeCode, code] of [
      ["none", undefined, 4501, "unauthenticated"],
      ["no JWT", "x", 4501, "unauthenticated"],
      ["wrong aud", await token({ ...all, more: { aud: "other" } }), 4501, "unauthenticated"],
      ["wrong iss", await token({ ...all, more: { iss: "other" } }), 4501, "unauthenticated"],
      ["nbf in future", await token({ ...all, more: { nbf: Math.floor((Date.now() + hourMs) / 1_000) } }), 4501, "unauthenticated"],
      ["16 KiB", "x".repeat(16_384), 4501, "unauthenticated"],
      ["expired", await token({ ...all, lifeMs: -hourMs }), 4004, "token_expired"],
    ] as const) {
      const wire = await greet(test.port, said);
      await wire.until(() => wire.closeCode !== null);
      assert.deepEqual([wire.closeCode, (JSON.parse(wire.closeReason) as { code: string }).code], [closeCode, code], what);
      assert.equal(wire.texts.length, 0, what);
      wire.destroy();
      for (const path of ["/v1/sse", "/v1/poll"]) {
        const { status, headers, body } = await (await request(test.port, path, said)).whole();
        assert.deepEqual([status, headers["www-authenticate"]], [401, "Bearer"], `${what} ${path}`);
        assert.equal((JSON.parse(body.toString()) as { error: { code: string } }).error.code, code);
      }
    }
  });

  it("is told how long it lasts, and may say more at once", async () => {
    await append(test.server, "rooms/1", "1");
    const said = await token();
    const subscribe = { type: "subscribe", id: 1, stream: "rooms/1", from: "first" };
    const publish = { type: "publish", id: 2, stream: "rooms/2", data: 5 };
    const wire = await greet(test.port, said, subscribe, publish, { type: "ping", id: 3 });
    await wire.until(() => wire.messages("entry").length === 1 && wire.messages("published").length === 1 && wire.messages("pong").length === 1);
    const [welcome] = wire.messages();
    assert.equal(welcome?.["type"], "welcome");
    const expiresMs = welcome["expiresMs"] as number;
    assert.ok(expiresMs > 3_500_000 && expiresMs <= 3_600_000, String(expiresMs));
    wire.destroy();
    const http = await request(test.port, "/v1/poll", said, publish);
    await http.whole();
    assert.deepEqual(
      pollMessages(http).map(({ type }) => type),
      ["welcome", "published"],
    );
  });

  it("never hears of a duration above a day", async () => {
    const wire = await live(test.port, await token({ ...all, lifeMs: 90 * 86_400_000 }));
    assert.equal(wire.messages("welcome")[0]?.["expiresMs"], 86_400_000);
    wire.destroy();
  });

  it("is told the same of what it may not read, whether that exists or not", async () => {
    await append(test.server, "other/there", "1");
    const answers: unknown[] = [];
    const said = await token({ read: ["own/**"], publish: ["own/**"] });
    for (const stream of ["other/there", "other/nowhere", "__proto__", "constructor"]) {
      const wire = await live(test.port, said);
      wire.send({ type: "subscribe", id: 1, stream, from: "first" });
      wire.send({ type: "publish", id: 2, stream, data: 1 });
      wire.send({ type: "publish", id: 3, stream, close: true });
      await wire.until(() => wire.messages("refused").length === 2);
      answers.push(JSON.parse(JSON.stringify(wire.messages().slice(1)).replaceAll(stream, "S")));
      wire.destroy();
    }
    assert.deepEqual(answers[0], [
      { type: "unsubscribed", id: 1, stream: "S", code: "forbidden", message: "not allowed" },
      { type: "refused", id: 2, code: "forbidden", message: "not allowed" },
      { type: "refused", id: 3, code: "forbidden", message: "not allowed" },
    ]);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    const page = await fetch(`${test.url}/v1/streams/other/there`, { headers: { authorization: `Bearer ${await token()}` } });
    assert.equal(((await page.json()) as { entries: unknown[] }).entries.length, 1);
  });

  it("may publish and not end a stream, where the rights say so", async () => {
    const wire = await live(test.port, await token({ publish: ["a"], close: [] }));
    wire.send({ type: "publish", id: 1, stream: "a", data: 1 });
    wire.send({ type: "publish", id: 2, stream: "a", data: 1, close: true });
    await wire.until(() => wire.messages("refused").length + wire.messages("published").length === 2);
    assert.deepEqual([wire.messages("published")[0]?.["id"], wire.messages("refused")[0]?.["id"]], [1, 2]);
    wire.destroy();
  });

  it("goes on with another token, and loses what that does not cover", async () => {
    await append(test.server, "rooms/b", "1");
    const wire = await live(test.port, await token({ ...all, lifeMs: 60_000 }));
    for (const [id, stream] of ["rooms/a", "rooms/b"].entries()) wire.send({ type: "subscribe", id, stream, from: "now" });
    await wire.until(() => wire.messages("subscribed").length === 2);
    wire.send({ type: "auth", id: 9, token: await token({ read: ["rooms/b"], publish: [] }) });
    await wire.until(() => wire.messages("authed").length === 1 && wire.messages("unsubscribed").length === 1);
    const [authed] = wire.messages("authed");
    assert.equal(authed?.["id"], 9);
    assert.ok((authed["expiresMs"] as number) > 3_500_000);
    assert.deepEqual(wire.messages("unsubscribed"), [{ type: "unsubscribed", stream: "rooms/a", code: "forbidden", message: "not allowed" }]);
    wire.send({ type: "publish", id: 10, stream: "rooms/b", data: 1 });
    await wire.until(() => wire.messages("refused").length === 1);
    await append(test.server, "rooms/a", '"no"');
    await append(test.server, "rooms/b", '"yes"');
    await wire.until(() => wire.messages("entry").length === 1);
    assert.equal(wire.messages("entry")[0]?.["data"], "yes");
    wire.destroy();
  });

  it("is ended by a token of another subject, or one that is not good", async () => {
    for (const [said, closeCode] of [
      [await token({ ...all, subject: "bob" }), 4501],
      ["x", 4501],
      [await token({ ...all, lifeMs: -1_000 }), 4004],
    ] as const) {
      const wire = await live(test.port, await token());
      wire.send({ type: "auth", id: 9, token: said });
      await wire.until(() => wire.closeCode !== null);
      assert.equal(wire.closeCode, closeCode);
      wire.destroy();
    }
  });

  it("takes no token but the one of hello in a body", async () => {
    const http = await request(test.port, "/v1/poll", await token(), { type: "auth", id: 1, token: await token() });
    await http.whole();
    assert.equal(ofType(pollMessages(http), "error")[0]?.["code"], "bad_request");
  });

  it("ends when its time is over, within two seconds", async () => {
    const startMs = performance.now();
    const said = await token({ ...all, lifeMs: 1_500 });
    const wire = await live(test.port, said);
    const sse = await request(test.port, "/v1/sse", said, { type: "subscribe", id: 1, stream: "rooms/1", from: "now" });
    await sse.until(() => sseMessages(sse).length >= 2);
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 4004);
    await sse.until(() => ofType(sseMessages(sse), "bye").length === 1);
    assert.equal(ofType(sseMessages(sse), "bye")[0]?.["code"], "token_expired");
    assert.ok(performance.now() - startMs > 1_400);
    wire.destroy();
    sse.destroy();
  });

  it("gets nothing that was queued once its access is revoked, and comes back to nothing", async () => {
    const said = await token({ ...all, subject: "mallory" });
    const wire = await live(test.port, said);
    wire.send({ type: "subscribe", id: 1, stream: "big", from: "now" });
    await wire.until(() => wire.messages("subscribed").length === 1);
    wire.socket.pause();
    const payload = JSON.stringify("x".repeat(40_000));
    // Until the kernel takes no more, and something waits here.
    for (let i = 0; i < 400; i++) await append(test.server, "big", payload);
    assert.deepEqual(test.server.revoke({ subject: "mallory" }), { links: 1 });
    await wire.until(() => test.server.stats().links === 0);
    wire.socket.resume();
    await wire.until(() => wire.ended, 5_000);
    // What the peer's own kernel had taken is out of reach; what waited in the server's is not.
    assert.ok(wire.messages("entry").length < 400, `${wire.messages("entry").length} entries`);
    assert.equal(wire.closeCode, null);
    const again = await greet(test.port, said);
    await again.until(() => again.closeCode !== null);
    assert.equal(again.closeCode, 4501);
    const anew = await live(test.port, await token({ ...all, subject: "mallory", nowMs: Date.now() + 2_000, more: {} }));
    for (const each of [wire, again, anew]) each.destroy();
  });

  it("is told why, when nothing waits for it", async () => {
    const wire = await live(test.port, await token({ ...all, subject: "eve" }));
    const bystander = await live(test.port, await token());
    test.server.revoke({ subject: "eve" });
    await wire.until(() => wire.closeCode !== null);
    assert.deepEqual([wire.closeCode, JSON.parse(wire.closeReason)], [4501, { code: "unauthenticated", message: "access was revoked" }]);
    // A peer that does not answer the close is reset all the same.
    await wire.until(() => wire.ended);
    assert.equal(bystander.closeCode, null);
    bystander.destroy();
  });

  it("shows no token in what the server says of itself", async () => {
    const said = await token();
    const wire = await greet(test.port, `${said}x`);
    await wire.until(() => wire.closeCode !== null);
    const metrics = await test.server.metrics.metrics();
    const seal = said.split(".")[2] as string;
    for (const text of [wire.closeReason, metrics]) assert.ok(!text.includes(seal.slice(0, 12)));
    assert.match(metrics, /holdfast_refused_total\{code="unauthenticated"\} [1-9]/);
    assert.match(metrics, /holdfast_authorize_asked_total [1-9]/);
    wire.destroy();
  });
});

describe("a server behind guard", () => {
  it("counts the connections of each subject, whatever their transport, and shows them", async () => {
    const test = await testServer({}, { auth: jwt, guard: { perSubjectMax: 2 } });
    const said = await token();
    const first = await live(test.port, said);
    const second = await request(test.port, "/v1/sse", said, { type: "subscribe", id: 1, stream: "a", from: "now" });
    await second.until(() => sseMessages(second).length > 0);
    const third = await greet(test.port, said);
    await third.until(() => third.closeCode !== null);
    assert.deepEqual([third.closeCode, (JSON.parse(third.closeReason) as { code: string }).code], [4504, "too_many_links"]);
    const other = await live(test.port, await token({ ...all, subject: "bob" }));
    first.destroy();
    await first.until(() => test.server.stats().links === 2);
    const again = await live(test.port, said);
    for (const each of [second, third, other, again]) each.destroy();
    await test.stop();
  });
});

describe("a subject at its cap", () => {
  it("is not counted by connections that are kept after its polls", async (t) => {
    const test = await testServer({}, { auth: jwt, guard: { perSubjectMax: 1 } });
    t.after(() => test.stop());
    const said = await token();
    const kept: RawHttp[] = [];
    for (let i = 0; i < 4; i++) {
      const http = await request(test.port, "/v1/poll", said, { type: "publish", id: 1, stream: "a", data: i });
      kept.push(http);
      assert.equal((await http.whole()).status, 200);
      assert.deepEqual(ofType(pollMessages(http), "published").length, 1);
    }
    assert.ok(kept.every(({ hasEnded }) => !hasEnded));
    assert.deepEqual(
      test.server.guard.connections().map(({ subject }) => subject),
      [null, null, null, null],
    );
    for (const each of kept) each.destroy();
  });
});

describe("a server with a slow function", () => {
  it("asks about two thousand returning clients at most 32 at once, and about each once", async (t) => {
    let running = 0;
    let most = 0;
    const asked = new Map<string, number>();
    const auth: AuthorizeFunction = async ({ action, credentials }) => {
      if (action !== "connect") return true;
      running++;
      most = Math.max(most, running);
      asked.set(credentials.token ?? "", (asked.get(credentials.token ?? "") ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return { subject: credentials.token ?? "" };
    };
    // Admission spreads a herd as well: here all are let through to be asked about.
    const test = await testServer({ authorizeMs: 60_000, handshakeMs: 60_000, admissionPerSecond: 100_000 }, { auth });
    t.after(() => test.stop());
    const wires = await Promise.all(Array.from({ length: 1_000 }, (_, i) => greet(test.port, `user${i}`)));
    // The same users once more, while the first are being asked about.
    wires.push(...(await Promise.all(Array.from({ length: 1_000 }, (_, i) => greet(test.port, `user${i}`)))));
    for (const wire of wires) await wire.until(() => wire.messages("welcome").length === 1, 30_000);
    assert.ok(most <= 32, `${most} at once`);
    assert.equal(asked.size, 1_000);
    assert.ok([...asked.values()].every((times) => times === 1));
    for (const wire of wires) wire.destroy();
  });

  it("lets come back later whom nobody could judge", async () => {
    const auth: AuthorizeFunction = ({ credentials, action }) => {
      if (credentials.token === "hangs") return new Promise(() => {});
      if (action === "connect" && credentials.token === "down") throw new Error("secret of the service");
      if (action !== "connect") throw new Error("down");
      return { subject: "alice" };
    };
    const test = await testServer({ authorizeMs: 300 }, { auth });
    for (const said of ["hangs", "down"]) {
      const wire = await greet(test.port, said);
      await wire.until(() => wire.closeCode !== null);
      const reason = JSON.parse(wire.closeReason) as { code: string; afterMs: number };
      assert.deepEqual([wire.closeCode, reason.code], [1013, "overloaded"]);
      assert.ok(reason.afterMs > 0 && !wire.closeReason.includes("secret"));
      wire.destroy();
    }
    const wire = await live(test.port, "good");
    wire.send({ type: "subscribe", id: 1, stream: "a", from: "now" });
    wire.send({ type: "publish", id: 2, stream: "a", data: 1 });
    await wire.until(() => wire.messages("unsubscribed").length === 1 && wire.messages("refused").length === 1);
    assert.deepEqual([wire.messages("unsubscribed")[0]?.["code"], wire.messages("refused")[0]?.["code"]], ["overloaded", "overloaded"]);
    assert.equal(typeof wire.messages("refused")[0]?.["afterMs"], "number");
    wire.destroy();
    await test.stop();
  });

  it("keeps the order of a stream's publishes, whatever their verdicts take", async () => {
    const auth: AuthorizeFunction = async ({ action, stream }) => {
      if (action === "connect") return { subject: "alice" };
      await new Promise((resolve) => setTimeout(resolve, stream === "slow" ? 100 : 1));
      return true;
    };
    const test = await testServer({ authorizeCacheMs: 0 }, { auth });
    const wire = await live(test.port, "x");
    for (let i = 0; i < 20; i++) {
      wire.send({ type: "publish", id: 2 * i, stream: "slow", data: i, producer: { id: "p", epoch: 0, seq: i } });
      wire.send({ type: "publish", id: 2 * i + 1, stream: "quick", data: i, producer: { id: "p", epoch: 0, seq: i } });
    }
    await wire.until(() => wire.messages("published").length === 40, 20_000);
    assert.equal(wire.messages("refused").length, 0);
    wire.destroy();
    await test.stop();
  });
});

describe("hooks", () => {
  it("see who comes, what is published and who goes; and one that fails refuses and harms nothing", async () => {
    const seen: string[] = [];
    const test = await testServer(
      {},
      {
        auth: jwt,
        hooks: {
          onConnect: ({ subject }, { transport }) => {
            seen.push(`connect ${subject} ${transport}`);
            if (subject === "mallory") throw new Error("no");
          },
          onPublish: ({ stream, entry }) => {
            if (stream === "throws") throw new Error("oops");
            return entry.payload.length > 5 ? { code: "entry_too_large", message: "five at most" } : undefined;
          },
          onDisconnect: ({ subject }, _, { code, ageMs, silentMs }) => {
            seen.push(`disconnect ${subject} ${code} ${ageMs >= silentMs}`);
            throw new Error("nobody cares");
          },
        },
      },
    );
    const refused = await greet(test.port, await token({ ...all, subject: "mallory" }));
    await refused.until(() => refused.closeCode !== null);
    assert.equal(refused.closeCode, 1011);
    const wire = await live(test.port, await token());
    for (const [id, stream, data] of [
      [1, "a", 1],
      [2, "a", "longer"],
      [3, "throws", 1],
    ] as const) {
      wire.send({ type: "publish", id, stream, data });
    }
    await wire.until(() => wire.messages("refused").length === 2 && wire.messages("published").length === 1);
    assert.deepEqual(
      wire
        .messages("refused")
        .map(({ id, code }) => [id, code])
        .sort(),
      [
        [2, "entry_too_large"],
        [3, "internal"],
      ],
    );
    const posted = await test.post("a", '"longer"', { authorization: `Bearer ${await token()}` });
    assert.deepEqual([posted.status, (posted.body["error"] as { code: string }).code], [413, "entry_too_large"]);
    wire.destroy();
    await wire.until(() => seen.length === 3);
    assert.deepEqual(seen, ["connect mallory websocket", "connect alice websocket", "disconnect alice null true"]);
    assert.equal(test.server.hub.counters.hookErrors, 3);
    refused.destroy();
    await test.stop();
  });
});

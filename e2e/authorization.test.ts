/**
 * Clients and a server that asks who they are, over every transport: a token that is renewed in time interrupts nothing, one that runs out
 * costs nothing, rights that are taken away end what they covered, and nothing comes after a revocation.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import type { Client } from "@holdfast/client";
import { connect } from "@holdfast/client/node";
import { HoldfastError } from "@holdfast/protocol";
import { createServer, type HoldfastServer, jwtAuthorizer, nodeEnv, type ServerOptions } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { SignJWT } from "jose";
import { needs } from "../scripts/test-support/needs.ts";
import { openBrowser } from "./support/browser.ts";
import { until } from "./support/processes.ts";
import { testedTransports } from "./support/transports.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const [issuer, audience] = ["https://issuer.example", "e2e"];
const patience = 20_000;

interface Rights {
  readonly read?: readonly string[];
  readonly publish?: readonly string[];
}
const everything: Rights = { read: ["**"], publish: ["**"] };

function sign(lifeMs: number, rights: Rights = everything, subject = "alice"): Promise<string> {
  const nowMs = Date.now();
  const payload = { iss: issuer, aud: audience, sub: subject, iat: nowMs / 1_000, exp: (nowMs + lifeMs) / 1_000, holdfast: rights };
  return new SignJWT(payload).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey);
}

async function serve(
  t: TestContext,
  options: Partial<ServerOptions> = {},
): Promise<{ server: HoldfastServer; url: string; append: (stream: string, n: number) => Promise<void> }> {
  const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
  const auth = jwtAuthorizer({ issuer, audience, publicKey: pem, clockToleranceMs: 0 }, nodeEnv.clock);
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), auth, options: { port: 0, drainMs: 1, heartbeatMs: 1_000, ...options } });
  const { url } = await server.listen();
  t.after(() => server.close());
  const append = async (stream: string, n: number): Promise<void> => {
    const result = await server.hub.append({ stream, entries: [{ format: "json", payload: Buffer.from(String(n)) }] });
    assert.ok(result.ok);
  };
  return { server, url, append };
}

function open(t: TestContext, url: string, transport: string, token: () => string | Promise<string>): Client {
  const client = connect(url, { transports: [transport], token, backoffBaseMs: 100 });
  t.after(() => client.close({ drainMs: 0 }));
  return client;
}

function follow(client: Client, name: string): { seen: unknown[]; ended: Promise<HoldfastError | null> } {
  const seen: unknown[] = [];
  const ended = (async (): Promise<HoldfastError | null> => {
    try {
      for await (const { data } of client.stream(name, { from: "first", onGap: (gap) => assert.fail(`gap ${gap.reason}`) })) seen.push(data);
      return null;
    } catch (error) {
      return error as HoldfastError;
    }
  })();
  return { seen, ended };
}

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** They wait for tokens to run out, mostly: all transports at once. */
describe("a client whose tokens run out", { concurrency: true }, () => {
  for (const { name: transport } of testedTransports) {
    describe(`over ${transport}`, () => {
      it("a token that is renewed in time keeps the link and the stream without a gap", async (t) => {
        const { server, url, append } = await serve(t);
        let tokens = 0;
        const client = open(t, url, transport, () => {
          tokens++;
          return sign(6_000);
        });
        const { seen } = follow(client, "a");
        let lost = 0;
        client.status.subscribe(() => {
          if (client.status.getSnapshot().code === "token_expired") lost++;
        });
        for (let n = 0; n < 70; n++) {
          await append("a", n);
          if (n % 10 === 0) await client.publish("mine", n);
          await pause(100);
        }
        await until("entries", async () => seen.length === 70, patience);
        assert.deepEqual(seen, count(70));
        assert.equal(lost, 0);
        assert.ok(tokens >= 2, `${tokens} tokens`);
        const { links, holes, duplicates } = client.counters;
        assert.deepEqual(
          [links, holes, duplicates, server.hub.counters.closed.get("token_expired")],
          [1, 0, transport === "poll" ? duplicates : duplicates, undefined],
        );
      });

      it("a token that runs out ends the link, which comes back with another and has lost nothing", async (t) => {
        const { server, url, append } = await serve(t);
        let tokens = 0;
        let isAsked = false;
        const client = open(t, url, transport, async () => {
          // Renewals fail; dials do not.
          if (client.status.getSnapshot().state !== "offline") {
            isAsked = true;
            throw new Error("not now");
          }
          tokens++;
          return await sign(1_500);
        });
        const { seen } = follow(client, "a");
        for (let n = 0; n < 60; n++) {
          await append("a", n);
          await pause(100);
        }
        await until("entries", async () => seen.length === 60, patience);
        assert.deepEqual(seen, count(60));
        assert.ok(tokens >= 2 && isAsked, `${tokens} tokens`);
        const { refused, closed } = server.hub.counters;
        assert.ok((refused.get("token_expired") ?? 0) + (closed.get("token_expired") ?? 0) >= 1);
      });

      it("a token function that fails is asked again, and the status says why", async (t) => {
        const { url, append } = await serve(t);
        await append("a", 0);
        let tries = 0;
        const client = open(t, url, transport, async () => {
          if (++tries < 4) throw new Error("the identity service is away");
          return await sign(60_000);
        });
        const { seen } = follow(client, "a");
        await until("state", async () => client.status.getSnapshot().code === "token_failed", patience);
        assert.match(client.status.getSnapshot().reason, /identity service/);
        await until("entries", async () => seen.length === 1, patience);
        const { transport: carried, code } = client.status.getSnapshot();
        assert.deepEqual([carried, code, tries], [transport, null, 4]);
      });

      it("what another token does not cover is ended, and the rest goes on", async (t) => {
        const { url, append } = await serve(t);
        let rights = everything;
        const client = open(t, url, transport, () => sign(2_500, rights));
        const kept = follow(client, "kept");
        const lost = follow(client, "lost");
        await append("kept", 0);
        await append("lost", 0);
        await until("entries", async () => kept.seen.length === 1 && lost.seen.length === 1, patience);
        rights = { read: ["kept"], publish: [] };
        assert.equal((await lost.ended)?.code, "forbidden");
        await append("kept", 1);
        await append("lost", 1);
        await until("entries", async () => kept.seen.length === 2, patience);
        assert.deepEqual([kept.seen, lost.seen], [[0, 1], [0]]);
        await assert.rejects(client.publish("kept", 1), { code: "forbidden" });
        assert.equal((await follow(client, "other").ended)?.code, "forbidden");
      });

      it("nothing comes after a revocation, and the client stops", async (t) => {
        const { server, url, append } = await serve(t);
        const said = await sign(60_000, everything, "mallory");
        const client = open(t, url, transport, () => said);
        const { seen, ended } = follow(client, "a");
        await append("a", 0);
        await until("entries", async () => seen.length === 1, patience);
        const startMs = performance.now();
        server.revoke({ subject: "mallory" });
        await append("a", 1);
        assert.equal((await ended)?.code, "unauthenticated");
        assert.ok(performance.now() - startMs < 5_000 + patience);
        assert.deepEqual(seen, [0]);
        assert.equal(client.status.getSnapshot().state, "denied");
      });
    });
  }
});

describe("a client without a token", () => {
  for (const { name: transport } of testedTransports) {
    it(`is told to stop over ${transport}`, async (t) => {
      const { url } = await serve(t);
      const client = open(t, url, transport, () => "");
      const { ended } = follow(client, "a");
      const error = await ended;
      assert.ok(error instanceof HoldfastError);
      assert.deepEqual([error.code, client.status.getSnapshot().state], ["unauthenticated", "denied"]);
    });
  }
});

const html = "<!doctype html><meta charset=utf-8><title>cookie</title>";
/** Follows by an EventSource, which can send no header, and keeps what it is given. */
const pageProgram = `
  globalThis.follow = (url) => {
    const one = { got: [], byes: [], opened: 0, readyState: 0 };
    const source = new EventSource(url);
    source.onopen = () => void one.opened++;
    source.onerror = () => { one.readyState = source.readyState; };
    source.onmessage = ({ data }) => { for (const line of data.split("\\n")) one.got.push(JSON.parse(line).data); };
    source.addEventListener("bye", ({ data }) => one.byes.push(JSON.parse(data).code));
    return one;
  };
  globalThis.ticketFor = async (token) => (await (await fetch("/v1/tickets", { method: "POST", headers: { Authorization: "Bearer " + token } })).json()).ticket;`;

it("EventSource in Chromium follows by a ticket in its address or the cookie, comes back by the cookie, and not after a revocation", {
  skip: needs("chromium"),
  timeout: 60_000,
}, async (t) => {
  const auth = jwtAuthorizer({ issuer, audience, publicKey: publicKey.export({ type: "spki", format: "pem" }) as string }, nodeEnv.clock);
  const server = createServer({
    engine: memoryEngine({ env: nodeEnv }),
    auth,
    options: { port: 0, drainMs: 1, rotateMs: 1_000 },
    fallback: (_, response) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end(html);
      return true;
    },
  });
  const { url } = await server.listen();
  t.after(() => server.close());
  await using browser = await openBrowser();
  await using context = await browser.context();
  const page = await context.page(`${url}/`);
  await page.evaluate(pageProgram);
  const token = await sign(60_000, { read: ["a"] });
  await page.evaluate(`(async () => {
    const first = await ticketFor("${token}");
    globalThis.byAddress = follow("/v1/sse?stream=a&after=first&ticket=" + first);
  })()`);
  const read = (name: string): Promise<{ got: number[]; byes: string[]; opened: number; readyState: number }> => page.evaluate(name) as never;
  await until("the first is open", async () => (await read("byAddress")).opened > 0, patience);
  // No script sees the cookie.
  assert.equal(await page.evaluate("document.cookie"), "");
  await page.evaluate(`globalThis.byCookie = follow("/v1/sse?stream=a&after=first"); globalThis.forbidden = follow("/v1/sse?stream=b")`);
  for (let n = 0; n < 30; n++) {
    await server.hub.append({ stream: "a", entries: [{ format: "json", payload: Buffer.from(String(n)) }] });
    await pause(100);
  }
  for (const name of ["byAddress", "byCookie"]) {
    await until(`${name} has everything, and came back`, async () => (await read(name)).got.length >= 30 && (await read(name)).opened >= 2, patience);
    const { got, byes } = await read(name);
    assert.deepEqual(got, count(30));
    assert.deepEqual([...new Set(byes)], ["rotated"]);
  }
  const { readyState, opened } = await read("forbidden");
  assert.deepEqual([readyState, opened], [2, 0]);
  server.revoke({ subject: "alice" });
  await until("both rest", async () => (await read("byAddress")).readyState === 2 && (await read("byCookie")).readyState === 2, patience);
  context.assertNoFaults([/^Failed to load resource/, /net::ERR_/]);
});

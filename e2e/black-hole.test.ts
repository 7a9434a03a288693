/**
 * A middlebox swallows a connection and leaves both sockets open. With default options on both ends, the client notices within
 * 25 s of the last byte and resumes; the server frees the descriptor within two beats. An unanswered publish is noticed sooner.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "@holdfast/client";
import { connect } from "@holdfast/client/node";
import { blackHole, type Connection, type Directions, type LabProxy, openProxy } from "@holdfast/lab";
import { createServer, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { until } from "./support/processes.ts";
import { type TestedTransport, testedTransports } from "./support/transports.ts";

const heartbeatMs = 12_000;
/** What a busy machine may add to a deadline. */
const slackMs = 1_500;

interface Scene {
  readonly server: HoldfastServer;
  readonly proxy: LabProxy;
  readonly client: Client;
  readonly seen: unknown[];
  readonly states: (readonly [atMs: number, state: string])[];
  publish(n: number): Promise<void>;
}

/** A server, a proxy, a client behind it that follows `s`; all with default options but the transport. Runs `act`, then ends everything. */
async function scene(transport: TestedTransport["name"], act: (scene: Scene) => Promise<void>): Promise<void> {
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 1 } });
  const { port } = await server.listen();
  const proxy = await openProxy({ target: { host: "127.0.0.1", port } });
  const client = connect(proxy.url(""), { transports: [transport] });
  const seen: unknown[] = [];
  const states: [number, string][] = [];
  client.status.subscribe(() => {
    const { state } = client.status.getSnapshot();
    if (states.at(-1)?.[1] !== state) states.push([performance.now(), state]);
  });
  const publish = async (n: number): Promise<void> => {
    const result = await server.hub.append({ stream: "s", entries: [{ format: "json", payload: new TextEncoder().encode(String(n)) }] });
    assert.ok(result.ok);
  };
  const following = (async () => {
    for await (const entry of client.stream("s", { from: "first", onGap: (gap) => assert.fail(`gap ${gap.reason}`) })) seen.push(entry.data);
  })().catch((error: { code?: string }) => assert.equal(error.code, "closed_by_user"));
  try {
    await publish(0);
    await until("the first entry arrives", async () => seen.length === 1, 5_000);
    await act({ server, proxy, client, seen, states, publish });
  } finally {
    await client.close({ drainMs: 0 });
    await following;
    await server.close();
    await proxy.close();
  }
}

/** Swallows the connections that are open now, and those that come before `pass` is called; later ones pass. */
function swallowOpen(proxy: LabProxy, direction: Directions): { pass(): void } {
  const open = new Set<Connection>(proxy.connections);
  assert.ok(open.size > 0);
  let isOver = false;
  proxy.add(blackHole(), { direction, connections: (connection) => !isOver || open.has(connection) });
  return {
    pass: () => {
      isOver = true;
    },
  };
}

const firstAfter = (states: Scene["states"], fromMs: number, state: string): number =>
  states.find(([atMs, name]) => atMs >= fromMs && name === state)?.[0] ?? Number.NaN;

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** What the client may not call alive any more: a link that can only be lost, or one whose probe finds another way. */
function noticedCase({ name, heals, bothWays }: TestedTransport, direction: Directions): void {
  it(`is noticed within 25 s when it swallows ${direction}, and costs nothing`, async (t) => {
    await scene(name, async ({ server, proxy, client, seen, states, publish }) => {
      const holeMs = performance.now();
      const { linkId } = client.status.getSnapshot();
      swallowOpen(proxy, direction).pass();
      for (let n = 1; n <= 5; n++) await publish(n);
      const sign = heals ? "stale" : "offline";
      const back = (): boolean => firstAfter(states, firstAfter(states, holeMs, sign), "live") > holeMs;
      await until("the client resumes", async () => seen.length === 6 && back(), 40_000);
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
      const noticedMs = firstAfter(states, holeMs, sign) - holeMs;
      const staleMs = firstAfter(states, holeMs, "stale") - holeMs;
      t.diagnostic(`${name}, ${direction}: ${sign} after ${inSeconds(noticedMs)}, stale after ${inSeconds(staleMs)}`);
      // While only the client's way out is dead, beats still come in: the server notices first, and its reset tells the client.
      assert.ok(noticedMs <= 25_000, `noticed after ${noticedMs} ms`);
      if (name === "sse") assert.equal(client.status.getSnapshot().linkId, linkId, "the probe took the link to another connection");
      if (!bothWays) return;
      await until("the server frees the link", async () => server.stats().links === 1, 2 * heartbeatMs);
      const freedMs = performance.now() - holeMs;
      t.diagnostic(`${name}, ${direction}: the server holds one link again after ${inSeconds(freedMs)}`);
      assert.ok(freedMs <= 2 * heartbeatMs + slackMs, `freed after ${freedMs} ms`);
    });
  });
}

function publishCase({ name }: TestedTransport): void {
  it("is noticed in 10 s by a publish that gets no answer, and the publish is added once", async (t) => {
    await scene(name, async ({ proxy, client, seen }) => {
      await client.publish("s", 1);
      const holeMs = performance.now();
      const hole = swallowOpen(proxy, "both");
      const answer = client.publish("s", 2);
      // Over requests it may leave by a connection of its own, a new one even.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      hole.pass();
      await answer;
      const answeredMs = performance.now() - holeMs;
      t.diagnostic(`${name}: answered after ${inSeconds(answeredMs)}`);
      assert.ok(answeredMs >= 5_000 && answeredMs <= 12_500 + slackMs, `answered after ${answeredMs} ms`);
      await until("all arrive", async () => seen.length === 3, 5_000);
      assert.deepEqual(seen, [0, 1, 2]);
    });
  });
}

/** Answers to publishes come by other connections: they must not hide that the one which brings entries is dead. */
function busyCase({ name }: TestedTransport): void {
  it("is noticed within 25 s while publishes go through beside it", async (t) => {
    await scene(name, async ({ proxy, client, seen, states, publish }) => {
      await publish(1);
      await until("another entry arrives", async () => seen.length === 2, 5_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const holeMs = performance.now();
      // What brought it, or asks for more now, is the connection that was last used.
      const [carrying] = proxy.connections.toSorted((a, b) => a.idleMs - b.idleMs);
      carrying?.add(blackHole());
      for (let n = 2; n <= 5; n++) await publish(n);
      let published = 0;
      const noticed = (): number => firstAfter(states, holeMs, "stale") - holeMs;
      await until(
        "the client resumes",
        async () => {
          await client.publish("other", published++);
          return seen.length === 6;
        },
        30_000,
      );
      t.diagnostic(`${name}: stale after ${inSeconds(noticed())}, with ${published} publishes answered meanwhile`);
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
      assert.ok(noticed() <= 25_000, `noticed after ${noticed()} ms`);
      assert.ok(published > 50);
    });
  });
}

describe("a black hole with default options, both sockets left open", { concurrency: true }, () => {
  for (const transport of testedTransports) {
    describe(`over ${transport.name}`, { concurrency: true }, () => {
      for (const direction of ["both", "to-client"] as const) noticedCase(transport, direction);
      // A response that has begun needs nothing of its client, so a dead way out harms links of both ways alone.
      if (transport.bothWays) noticedCase(transport, "to-server");
      publishCase(transport);
      if (transport.heals) busyCase(transport);
    });
  }
});

/**
 * 10,000 connections to a guarded server, opened and ended in random ways from twenty addresses: afterwards nothing of them is left.
 * What the second half leaves in memory is compared with what the first left: caches fill once, leaks go on.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "@holdfast/lab";
import type { Child } from "../bench/lib/child.ts";
import { needs } from "../scripts/test-support/needs.ts";
import type { GuardedCalls } from "./processes/guarded.ts";
import { openAndEnd } from "./support/endings.ts";
import { startGuarded, until } from "./support/processes.ts";

const half = 5_000;
const atOnce = 500;
const addresses = 20;
/** A leak of one small record per connection is several times this. */
const heapGrowthBytesMax = 1_500_000;
const rssGrowthBytesMax = 24_000_000;
const backMsMax = 10_000;
const options = { keepAliveMs: 1_000, headersMs: 1_000, requestMs: 2_000, stallMs: 1_000, lingerMs: 500, requestsMax: 5, pressurePercent: 100 };
const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

type State = Awaited<ReturnType<GuardedCalls["state"]>>;
const left = ({ connections, addresses: known, descriptors, resources }: State) => ({ connections, addresses: known, descriptors, resources });

/** Opens and ends the connections numbered from `first`, some of them at the same time. */
async function openAll(port: number, first: number, ways: Map<string, number>): Promise<void> {
  let next = first;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < first + half; i = next++) {
      const name = await openAndEnd(port, `127.0.0.${2 + (i % addresses)}`, createRandom(seed).fork(i));
      ways.set(name, (ways.get(name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** Waits until everything is as it was before. */
async function back(server: Child<GuardedCalls>, before: State): Promise<State> {
  const expected = JSON.stringify(left(before));
  let state = before;
  await until(
    "nothing is left",
    async () => {
      state = await server.call("state");
      return JSON.stringify(left(state)) === expected;
    },
    backMsMax,
  ).catch((error: Error) => assert.deepEqual(left(state), left(before), error.message));
  return state;
}

it("10,000 connections that end in random ways leave nothing behind", { skip: needs("proc") }, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const server = startGuarded();
  try {
    const { port } = await server.call("open", options);
    await server.call("memory");
    const before = await server.call("state");
    const ways = new Map<string, number>();
    await openAll(port, 0, ways);
    await back(server, before);
    const first = await server.call("memory");
    await openAll(port, half, ways);
    const after = await back(server, before);
    const second = await server.call("memory");

    const ended = Object.values(after.ended).reduce((sum, count) => sum + count, 0);
    t.diagnostic(JSON.stringify(Object.fromEntries(ways)));
    t.diagnostic(JSON.stringify(after.ended));
    t.diagnostic(
      `heap ${first.heapBytes} to ${second.heapBytes} bytes, RSS ${first.rssBytes} to ${second.rssBytes}; ${left(after).descriptors} descriptors as before`,
    );
    // A connection that was reset before the process took it was never there.
    assert.ok(after.accepted > half && after.accepted <= 2 * half, `${after.accepted} accepted`);
    assert.equal(ended, after.accepted, "each connection that was taken has ended once, with a code");
    assert.ok(after.upgrades > 0);
    assert.deepEqual(after.warnings, before.warnings);
    const codes = new Set(Object.keys(after.ended).map((key) => key.split(" ")[0]));
    for (const code of [
      "idle_timeout",
      "header_timeout",
      "slow_reader",
      "killed",
      "host_closed",
      "bad_request",
      "peer_reset",
      "peer_closed",
      "requests_limit",
    ]) {
      assert.ok(codes.has(code), `${code} among ${[...codes].join(", ")}`);
    }
    assert.ok(second.heapBytes - first.heapBytes < heapGrowthBytesMax, `the heap grew from ${first.heapBytes} to ${second.heapBytes} bytes`);
    assert.ok(second.rssBytes - first.rssBytes < rssGrowthBytesMax, `RSS grew from ${first.rssBytes} to ${second.rssBytes} bytes`);
  } finally {
    await server.stop();
  }
});

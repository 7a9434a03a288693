/** Status: snapshots keep their identity until something changes, and never claim more than is proved. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, HoldfastError, type Status } from "../src/index.ts";
import { StatusStore, type StreamStatus } from "../src/status.ts";
import { HandWorld, settle } from "./support/hand-world.ts";
import { MemoryNet } from "./support/memory-net.ts";

const initial: StreamStatus = { state: "offline", code: null, reason: "", since: 1, gaps: 0 };

test("a snapshot is frozen and the same object until something changes", () => {
  const store = new StatusStore(initial);
  const first = store.getSnapshot();
  assert.ok(Object.isFrozen(first));
  store.set({ state: "offline", code: null, reason: "", gaps: 0 }, 50);
  assert.equal(store.getSnapshot(), first);
  store.set({ state: "offline", code: null, reason: "", gaps: 1 }, 60);
  assert.deepEqual(store.getSnapshot(), { ...initial, gaps: 1 });
  store.set({ state: "live", code: null, reason: "", gaps: 1 }, 70);
  assert.deepEqual(store.getSnapshot(), { ...initial, state: "live", since: 70, gaps: 1 });
});

test("a listener is called after each change until it unsubscribes; the same one may subscribe twice", () => {
  const store = new StatusStore(initial);
  const calls: number[] = [];
  const listener = (): void => void calls.push(store.getSnapshot().gaps);
  const { subscribe } = store; // As a framework calls it.
  const first = subscribe(listener);
  const second = subscribe(listener);
  store.set({ ...initial, gaps: 1 }, 2);
  first();
  first();
  store.set({ ...initial, gaps: 2 }, 3);
  second();
  store.set({ ...initial, gaps: 3 }, 4);
  assert.deepEqual(calls, [1, 1, 2]);
});

interface Watched {
  readonly world: HandWorld;
  readonly net: MemoryNet;
  readonly client: ReturnType<typeof createClient>;
  readonly seen: Status[];
}

function watched(): Watched {
  const world = new HandWorld();
  const net = new MemoryNet();
  const client = createClient("http://test", {}, { env: world.env, transports: [net.transport] });
  const seen: Status[] = [client.status.getSnapshot()];
  client.status.subscribe(() => seen.push(client.status.getSnapshot()));
  return { world, net, client, seen };
}

const path = (seen: readonly Status[]): string =>
  seen
    .map(({ state, code }) => (code === null ? state : `${state}(${code})`))
    .filter((each, i, all) => each !== all[i - 1])
    .join(" ");

test("the client is live only with a link, and with every stream at its head", async () => {
  const { net, client, seen } = watched();
  assert.equal(client.status.getSnapshot().reason, "nothing to carry");
  const stream = client.stream("a");
  assert.equal(net.conns.length, 1);
  net.last.welcome({ link: "L" });
  assert.equal(client.status.getSnapshot().state, "catching-up");
  net.last.say({ type: "subscribed", id: net.last.last("subscribe")["id"], stream: "a", position: "e.11", head: "e.12" });
  assert.equal(stream.status.getSnapshot().state, "catching-up");
  net.last.say({ type: "entry", stream: "a", position: "e.12", prev: "e.11", timeMs: 0, data: 1 });
  assert.equal(stream.status.getSnapshot().state, "live");
  const status = client.status.getSnapshot();
  assert.deepEqual([status.state, status.linkId, status.transport, status.attempt], ["live", "L", "memory", 0]);
  assert.equal(path(seen), "offline catching-up live");
  net.last.say({ type: "beat", streams: { a: { sent: "e.12", head: "e.19" } } });
  assert.equal(path(seen), "offline catching-up live catching-up", "a beat tells of entries that are on their way");
});

test("silence makes it stale while it is probed, and offline with a reason and a time for the next try", async () => {
  const { world, net, client, seen } = watched();
  client.stream("a");
  net.last.welcome();
  net.last.say({ type: "subscribed", id: 1, stream: "a", position: "0", head: "0" });
  net.last.answersPings = false;
  await world.advance(15_300);
  assert.equal(client.status.getSnapshot().state, "stale");
  net.last.activity();
  assert.equal(client.status.getSnapshot().state, "live", "any byte takes the doubt away");
  await world.advance(9_950);
  const status = client.status.getSnapshot();
  assert.deepEqual([status.state, status.code, status.linkId], ["offline", "heartbeat_lost", null]);
  assert.ok(status.retryAtMs !== null && status.retryAtMs - world.env.clock.wallMs() <= 1_000);
  assert.ok(status.lastProofOfLifeMs !== null && Math.abs(world.env.clock.wallMs() - status.lastProofOfLifeMs - 9_950) < 10);
  assert.equal(path(seen), "offline catching-up live stale live offline(heartbeat_lost)");
  await world.advance(1_000);
  const { state, retryAtMs } = client.status.getSnapshot();
  assert.deepEqual([state, retryAtMs, net.conns.length], ["offline", null, 2], "a dial that has begun is not due any more");
});

test("a link that breaks makes it offline at once, and nothing else in between", async () => {
  const { net, client, seen } = watched();
  const stream = client.stream("a");
  const states: string[] = [];
  stream.status.subscribe(() => states.push(stream.status.getSnapshot().state));
  net.last.welcome();
  net.last.say({ type: "subscribed", id: 1, stream: "a", position: "0", head: "0" });
  net.last.end(1006);
  assert.equal(path(seen), "offline catching-up live offline(connect_failed)");
  assert.deepEqual(states, ["catching-up", "live", "offline"]);
});

test("proof of life is brought up to date by each beat", async () => {
  const { world, net, client } = watched();
  client.stream("a");
  net.last.welcome();
  const before = client.status.getSnapshot().lastProofOfLifeMs as number;
  await world.advance(5_000);
  net.last.say({ type: "beat" });
  assert.equal(client.status.getSnapshot().lastProofOfLifeMs, before + 5_000);
});

test("a stop code denies for good: streams and publishes fail with it, and nothing is dialled again", async () => {
  const { world, net, client, seen } = watched();
  const stream = client.stream("a");
  const next = stream.next();
  const published = client.publish("a", 1);
  net.last.open().end(4_503, { code: "forbidden", message: "not you" });
  await assert.rejects(next, (error: HoldfastError) => error.code === "forbidden");
  await assert.rejects(published, (error: HoldfastError) => error.code === "forbidden");
  await assert.rejects(client.publish("a", 1), (error: HoldfastError) => error.code === "forbidden");
  await assert.rejects(client.stream("a").next(), (error: HoldfastError) => error.code === "forbidden");
  assert.deepEqual([stream.status.getSnapshot().state, stream.status.getSnapshot().code], ["denied", "forbidden"]);
  await world.advance(120_000);
  assert.equal(net.conns.length, 1);
  assert.equal(world.timers, 0);
  await client.close();
  assert.equal(path(seen), "offline denied(forbidden) closed(closed_by_user)");
});

test("closing ends iterations with closed_by_user and leaves no timer and no connection", async () => {
  const { world, net, client } = watched();
  const next = client.stream("a").next();
  net.last.welcome();
  const closed = client.close();
  await assert.rejects(next, (error: unknown) => error instanceof HoldfastError && error.code === "closed_by_user");
  await closed;
  await settle();
  assert.equal(client.close(), client.close());
  assert.equal(client.status.getSnapshot().state, "closed");
  assert.deepEqual([world.timers, net.alive.length, net.last.ended?.closeCode], [0, 0, 1000]);
});

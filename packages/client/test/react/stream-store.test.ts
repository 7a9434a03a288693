/** A stream as a store: told once per frame, exact when listeners go and come back, and every end shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, From } from "../../src/index.ts";
import { HoldfastError } from "../../src/index.ts";
import { ReduceFold, WindowFold } from "../../src/react/folds.ts";
import { type StreamState, StreamStore } from "../../src/react/stream-store.ts";
import { answer, at, entries, opened, settle } from "../support/opened.ts";

const sourceOf = (client: Client, name: string | null, from?: From) => ({ name, from, open: client.stream.bind(client) });
const windowOf = (client: Client, name: string | null, from?: From) => new StreamStore(sourceOf(client, name, from), new WindowFold(100));
const dataOf = (store: ReturnType<typeof windowOf>): unknown[] => store.getSnapshot().entries.map(({ data }) => data);

/** Listens, counts how often it was told, and lets a frame be waited for. */
function listen(store: { subscribe(listener: () => void): () => void }) {
  let wake: () => void = () => {};
  const ear = {
    told: 0,
    stop: store.subscribe(() => {
      ear.told++;
      wake();
    }),
    /** The next time that it is told. */
    next: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
  };
  return ear;
}

/** Until nothing is left to be told. */
const frame = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1));
};

test("nothing is read before somebody listens, and before that the state is the initial one", () => {
  const { net, client } = opened();
  const store = windowOf(client, "a");
  const initial = store.getServerSnapshot();
  assert.equal(store.getSnapshot(), initial);
  assert.deepEqual({ ...initial, clear: null }, { entries: [], last: null, gaps: 0, lastGap: null, error: null, clear: null, status: initial.status });
  assert.deepEqual(initial.status, { state: "offline", code: null, reason: "", since: 0, gaps: 0 });
  assert.equal(net.conns.length, 0);
});

test("a burst of a thousand entries is told once, and a snapshot stays the same object until something changes", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "a");
  const ear = listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  await frame();
  const before = { told: ear.told, snapshot: store.getSnapshot() };
  entries(conn, "a", 0, 900);
  assert.equal(store.getSnapshot(), before.snapshot, "not between frames");
  await ear.next();
  assert.equal(ear.told, before.told + 1);
  const after = store.getSnapshot();
  await frame();
  assert.equal(store.getSnapshot(), after);
  assert.equal(ear.told, before.told + 1);
  assert.equal(after.entries.length, 100);
  assert.deepEqual([after.entries[0]?.data, after.last?.data, after.status.state], [801, 900, "live"]);
  assert.equal(store.getServerSnapshot().entries.length, 0);
});

test("a listener that goes and comes back in one task, as under StrictMode, changes nothing on the wire", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "a");
  listen(store).stop();
  const ear = listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", at(3));
  entries(conn, "a", 3, 5);
  await ear.next();
  await frame();
  assert.equal(net.conns.length, 1);
  assert.equal(conn.of("subscribe").length, 1);
  assert.equal(conn.of("unsubscribe").length, 0);
  assert.deepEqual(dataOf(store), [4, 5]);
});

test("one of two listeners may go", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "a");
  const first = listen(store);
  const second = listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  first.stop();
  first.stop();
  await frame();
  entries(conn, "a", 0, 1);
  await second.next();
  assert.equal(conn.of("unsubscribe").length, 0);
  assert.deepEqual(dataOf(store), [1]);
});

test("when nobody listens the stream is closed, and later goes on exactly where it stood", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "a");
  const ear = listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", at(7));
  entries(conn, "a", 7, 9);
  // In the same task: what has come is not read yet, and is not lost.
  ear.stop();
  await frame();
  assert.equal(conn.of("unsubscribe").length, 1);
  assert.deepEqual(dataOf(store), [8, 9]);
  const again = listen(store);
  assert.deepEqual(conn.last("subscribe")["from"], { after: at(9) });
  answer(conn, "a", at(9), at(10));
  entries(conn, "a", 9, 10);
  await again.next();
  await frame();
  assert.deepEqual(dataOf(store), [8, 9, 10]);
});

test("a stream read from now on that is left before its first entry goes on at the place where now was", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "a");
  const ear = listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", at(7));
  ear.stop();
  await frame();
  listen(store);
  assert.deepEqual(conn.last("subscribe")["from"], { after: at(7) });
});

test("a gap is counted in order with the entries, and told before what follows", async () => {
  const { net, client } = opened();
  const fold = new ReduceFold<unknown[]>([], { reduce: (value, { data }) => [...value, data], reduceGap: (value, { reason }) => [...value, reason] });
  const store = new StreamStore(sourceOf(client, "a", "first"), fold);
  const heard: string[] = [];
  store.onGap = ({ after }) => void heard.push(after);
  listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  entries(conn, "a", 0, 1);
  conn.say({ type: "gap", stream: "a", reason: "trimmed", from: at(1), after: at(5), head: at(6) });
  entries(conn, "a", 5, 6);
  await frame();
  const { value, gaps, lastGap, last } = store.getSnapshot();
  assert.deepEqual(value, [1, "trimmed", 6]);
  assert.deepEqual([gaps, lastGap?.from, lastGap?.after, last?.data, heard], [1, at(1), at(5), 6, [at(5)]]);
});

test("clear forgets what was read and shows it at once; reading goes on", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "a", "first");
  const ear = listen(store);
  const conn = net.last.welcome();
  answer(conn, "a", "0");
  entries(conn, "a", 0, 2);
  conn.say({ type: "gap", stream: "a", reason: "trimmed", from: at(2), after: at(5), head: at(6) });
  await frame();
  const before = ear.told;
  store.getSnapshot().clear();
  assert.equal(ear.told, before + 1);
  const { entries: shown, last, gaps, lastGap } = store.getSnapshot();
  assert.deepEqual([shown, last, gaps, lastGap], [[], null, 0, null]);
  entries(conn, "a", 5, 6);
  await frame();
  assert.deepEqual(dataOf(store), [6]);
});

type Scene = ReturnType<typeof scene>;

/** Ends that are errors: how each comes about, and what is shown. */
const failures: Record<string, { run: (all: Scene) => void | Promise<void>; code: string }> = {
  "the client is closed": { run: ({ client }) => client.close(), code: "closed_by_user" },
  "the server refuses the stream": {
    run: ({ conn, ask }) => conn.say({ type: "unsubscribed", id: ask, stream: "a", code: "bad_position", message: "" }),
    code: "bad_position",
  },
  "reduce throws": { run: ({ conn }) => entries(conn, "a", 0, 13), code: "unlucky" },
};

function scene(isAnswered = true) {
  const { net, client } = opened();
  const fold = new ReduceFold(0, {
    reduce: (value, { data }) => {
      if (data === 13) throw new Error("unlucky");
      return value + 1;
    },
  });
  const store = new StreamStore(sourceOf(client, "a", "first"), fold);
  const ear = listen(store);
  const conn = net.last.welcome();
  const ask = conn.last("subscribe")["id"];
  if (isAnswered) answer(conn, "a", "0");
  return { net, client, store, ear, conn, ask };
}

for (const [what, { run, code }] of Object.entries(failures)) {
  test(`when ${what}, the error is shown and reading stops`, async () => {
    const all = scene(code !== "bad_position");
    await run(all);
    await frame();
    const { error, value, status } = all.store.getSnapshot();
    assert.equal(error instanceof HoldfastError ? error.code : error?.message, code);
    assert.ok(status.state === "closed" || status.state === "denied", status.state);
    assert.equal(value, code === "unlucky" ? 12 : 0);
  });
}

test("a bad name is an error of the hook's, and not an exception out of an effect", async () => {
  const { net, client } = opened();
  const store = windowOf(client, "");
  const ear = listen(store);
  await ear.next();
  assert.ok(store.getSnapshot().error instanceof HoldfastError);
  assert.equal(net.conns.length, 0);
});

test("what a failed reader left is read again when somebody comes back", async () => {
  const { store, ear, conn } = scene();
  entries(conn, "a", 0, 13);
  await frame();
  assert.ok(store.getSnapshot().error !== null);
  ear.stop();
  listen(store);
  assert.deepEqual(conn.last("subscribe")["from"], { after: at(12) });
  await frame();
  assert.equal(store.getSnapshot().error, null);
});

test("the end of a stream is no error, and nothing is asked again when somebody comes back", async () => {
  const { store, ear, conn, net } = scene();
  entries(conn, "a", 0, 2);
  conn.say({ type: "closed", stream: "a", position: at(2) });
  await frame();
  const ended = store.getSnapshot() as StreamState & { value: number };
  assert.deepEqual([ended.value, ended.error, ended.status.state], [2, null, "closed"]);
  ear.stop();
  listen(store);
  await settle();
  assert.equal(conn.of("subscribe").length, 1);
  assert.equal(net.conns.length, 1);
});

test("a client that is closed together with its last listener leaves no error behind", async () => {
  const { store, ear, client } = scene();
  ear.stop();
  await client.close();
  await frame();
  assert.equal(store.getSnapshot().error, null);
});

test("without a name nothing is read", () => {
  const { net, client } = opened();
  listen(windowOf(client, null));
  assert.equal(net.conns.length, 0);
});

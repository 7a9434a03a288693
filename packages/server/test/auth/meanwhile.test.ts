/** What a client does while a server is still asking about it. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { clientFrame, Wire } from "../../../../scripts/test-support/wire.ts";
import type { AuthorizeFunction } from "../../src/index.ts";
import { testServer } from "../support/server.ts";

const hello = { type: "hello", protocol: 1, token: "ada" };
const greet = (port: number, ...more: readonly object[]): Promise<Wire> =>
  Wire.open(port, Buffer.concat([hello, ...more].map((message) => clientFrame(JSON.stringify(message)))));

async function until(fact: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!fact()) {
    assert.ok(performance.now() < deadlineMs, "not in 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it("a link that leaves while its hook is asked is told to the other hook, also where its subject has too many", async (t) => {
  const came: (() => void)[] = [];
  const left: string[] = [];
  const auth: AuthorizeFunction = ({ action }) => (action === "connect" ? { subject: "ada" } : true);
  const hooks = {
    onConnect: () => new Promise<undefined>((resolve) => came.push(() => resolve(undefined))),
    onDisconnect: (_: unknown, { id }: { readonly id: string }) => void left.push(id),
  };
  const test = await testServer({}, { auth, hooks, guard: { perSubjectMax: 1 } });
  t.after(() => test.stop());
  const first = await greet(test.port);
  await until(() => came.length === 1);
  came[0]?.();
  await first.until(() => first.messages("welcome").length === 1);
  const second = await greet(test.port);
  await until(() => came.length === 2);
  second.destroy();
  await until(() => test.server.guard.connections().length === 1);
  came[1]?.();
  await until(() => left.length === 1);
  assert.equal(test.server.hub.counters.refused.get("too_many_links") ?? 0, 0);
  first.destroy();
  await until(() => left.length === 2);
});

it("a subscribe that cannot be read leaves no subscription, not even one that is being judged", async (t) => {
  let answer = (_: boolean): void => {};
  const auth: AuthorizeFunction = ({ action, stream }) =>
    action === "connect" ? { subject: "ada" } : stream === "slow" ? new Promise((resolve) => (answer = resolve)) : true;
  const test = await testServer({}, { auth });
  t.after(() => test.stop());
  const wire = await greet(test.port, { type: "subscribe", id: 1, stream: "slow", from: "now" });
  await wire.until(() => wire.messages("welcome").length === 1);
  wire.send({ type: "subscribe", id: 2, stream: "slow", from: { what: 1 } });
  await wire.until(() => wire.messages("unsubscribed").length === 1);
  answer(true);
  // Judged anew, or remembered as allowed: either way what follows is answered after it.
  wire.send({ type: "subscribe", id: 3, stream: "other", from: "now" });
  await wire.until(() => wire.messages("subscribed").length > 0);
  wire.send({ type: "ping", id: 4 });
  await wire.until(() => wire.messages("pong").length === 1);
  assert.deepEqual(
    wire.messages("subscribed").map(({ id }) => id),
    [3],
  );
  wire.destroy();
});

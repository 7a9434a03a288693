/** The client behind a provider: made when needed, closed with it, and not by a remount. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../../src/index.ts";
import { ClientSource, initialStatus } from "../../src/react/client-source.ts";
import { opened, settle } from "../support/opened.ts";

function source(isOwned = true) {
  const made: Client[] = [];
  const make = (): Client => {
    const { client } = opened();
    made.push(client);
    return client;
  };
  return { made, source: new ClientSource(make, isOwned) };
}
const stateOf = (client: Client | undefined): string | undefined => client?.status.getSnapshot().state;

test("a client is made when it is first needed, once", () => {
  const { made, source: it } = source();
  assert.equal(it.status.getSnapshot(), initialStatus);
  assert.equal(made.length, 0);
  assert.equal(it.current(), it.open());
  assert.equal(made.length, 1);
  assert.equal(it.status.getSnapshot(), made[0]?.status.getSnapshot());
});

test("a client is closed after its last holder has gone, and not when one is back by the next task", async () => {
  const { made, source: it } = source();
  it.open();
  const first = it.hold();
  first();
  const second = it.hold();
  await settle();
  assert.notEqual(stateOf(made[0]), "closed");
  second();
  assert.notEqual(stateOf(made[0]), "closed", "the remount has until the next task");
  await settle();
  assert.equal(stateOf(made[0]), "closed");
});

test("after that it stays closed for those who only publish, and is another one for those who come back", async () => {
  const { made, source: it } = source();
  it.open();
  it.hold()();
  await settle();
  assert.equal(it.current(), made[0]);
  assert.equal(it.open(), made[1]);
  assert.equal(it.current(), made[1]);
  assert.notEqual(stateOf(made[1]), "closed");
});

test("a client of the application's is left open", async () => {
  const { made, source: it } = source(false);
  it.open();
  it.hold()();
  await settle();
  assert.notEqual(stateOf(made[0]), "closed");
});

test("the status is told once per frame, and no more after leaving", async () => {
  const { net, client, world } = opened();
  const it = new ClientSource(() => client, false);
  let told = 0;
  let wake: () => void = () => {};
  const stop = it.status.subscribe(() => {
    told++;
    wake();
  });
  const next = new Promise<void>((resolve) => {
    wake = resolve;
  });
  client.stream("a");
  net.last.welcome();
  await next;
  assert.equal(told, 1);
  assert.equal(it.status.getSnapshot().transport, "memory");
  net.last.end(1006);
  stop();
  await settle();
  await world.advance(1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(told, 1);
});

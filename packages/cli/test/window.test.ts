import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Window } from "../src/publish/window.ts";

async function isPending(promise: Promise<void>): Promise<boolean> {
  let pending = true;
  void promise.then(() => {
    pending = false;
  });
  await turn();
  return pending;
}

test("the reader waits while entries or bytes are at their bound", async () => {
  for (const limits of [
    { entriesMax: 2, bytesMax: 1_000 },
    { entriesMax: 100, bytesMax: 20 },
  ]) {
    const window = new Window(limits);
    window.enter(10);
    await window.room();
    window.enter(10);
    const room = window.room();
    assert.equal(await isPending(room), true);
    window.leave(10);
    await room;
  }
});

test("one entry above the bound in bytes is let in when nothing else is under way", async () => {
  const window = new Window({ entriesMax: 2, bytesMax: 5 });
  await window.room();
  window.enter(50);
  assert.equal(await isPending(window.room()), true);
});

test("empty waits for the last answer", async () => {
  const window = new Window({ entriesMax: 5, bytesMax: 100 });
  await window.empty();
  window.enter(1);
  window.enter(1);
  const empty = window.empty();
  window.leave(1);
  assert.equal(await isPending(empty), true);
  window.leave(1);
  await empty;
});

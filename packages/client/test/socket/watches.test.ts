/** What a page tells, on event targets in place of a page: which events count, and that none is heard after the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { watchPlatform } from "../../src/socket/adapters/watches.ts";

test("each event of a page is one poke; a first load and a hidden page are none; after the end nothing is told", () => {
  const page = new EventTarget();
  const document = { visibilityState: "visible" };
  const globals = globalThis as unknown as Record<string, unknown>;
  const own = { addEventListener: page.addEventListener.bind(page), document };
  Object.assign(globals, own);
  const told: string[] = [];
  try {
    const stop = watchPlatform((why) => told.push(why));
    for (const name of ["online", "offline", "resume", "freeze", "visibilitychange"]) page.dispatchEvent(new Event(name));
    document.visibilityState = "hidden";
    page.dispatchEvent(new Event("visibilitychange"));
    page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    assert.deepEqual(told, ["online", "offline", "resume", "visibilitychange", "pageshow"]);
    stop();
    page.dispatchEvent(new Event("online"));
    assert.equal(told.length, 5);
  } finally {
    for (const name of Object.keys(own)) delete globals[name];
  }
});

test("a platform that tells nothing is watched without harm", () => {
  watchPlatform(() => assert.fail("nothing is told"))();
});

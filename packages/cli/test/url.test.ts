import assert from "node:assert/strict";
import { test } from "node:test";
import type { Given } from "../src/args.ts";
import { defaultUrl, serverUrl, streamUrl } from "../src/url.ts";

const given = (url?: string): Given => ({ flags: new Map(url === undefined ? [] : [["url", url]]), operands: [] });

test("the flag goes before the variable, the variable before the default", () => {
  assert.deepEqual(serverUrl(given("http://a:1"), { HOLDFAST_URL: "http://b:2" }), { ok: true, value: "http://a:1" });
  assert.deepEqual(serverUrl(given(), { HOLDFAST_URL: "http://b:2" }), { ok: true, value: "http://b:2" });
  assert.deepEqual(serverUrl(given(), { HOLDFAST_URL: "" }), { ok: true, value: defaultUrl });
  assert.deepEqual(serverUrl(given(), {}), { ok: true, value: defaultUrl });
});

test("a path stays, a slash at its end does not", () => {
  assert.deepEqual(serverUrl(given("https://x/live/"), {}), { ok: true, value: "https://x/live" });
});

for (const url of ["", "localhost:4150", "ws://x", "file:///etc", "http://x/?a=1", "http://x/#a", "http://user:secret@x/"]) {
  test(`refuses ${JSON.stringify(url)}`, () => assert.equal(serverUrl(given(url), {}).ok, false));
}

test("the message says which of the two was wrong", () => {
  assert.match((serverUrl(given(), { HOLDFAST_URL: "nonsense" }) as { message: string }).message, /HOLDFAST_URL .*"nonsense"/);
});

test("a stream's address encodes each segment", () => {
  assert.equal(streamUrl("http://x", "rooms/ä b?#%"), "http://x/v1/streams/rooms/%C3%A4%20b%3F%23%25");
});

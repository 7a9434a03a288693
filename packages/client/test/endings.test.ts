/** What close codes and reasons mean (the protocol's vectors), and the delays that follow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { localEnding, reconnectDelayMs, remoteEnding } from "../src/endings.ts";
import { resolveOptions } from "../src/options.ts";
import { readVectors } from "./support/vectors.ts";

interface Case {
  readonly id: string;
  readonly description: string;
  readonly closeCode: number;
  readonly reason: string;
  readonly expect: { readonly code: string | null; readonly afterMs: number | null; readonly windowMs: number | null; readonly retry: string };
}

for (const { id, description, closeCode, reason, expect } of readVectors<{ cases: readonly Case[] }>("closes.json").cases) {
  test(`${id}: ${description}`, () => {
    const { code, afterMs, windowMs, retry } = remoteEnding(closeCode, reason, 7);
    assert.deepEqual({ afterMs, windowMs, retry }, { afterMs: expect.afterMs ?? undefined, windowMs: expect.windowMs ?? 7, retry: expect.retry });
    if (expect.code !== null) assert.equal(code, expect.code);
  });
}

test("a close without a reason gets the code that its range suggests; a link that broke, or that some hop ended, gets connect_failed", () => {
  for (const closeCode of [1000, 1001, 1005, 1006, 1012]) assert.equal(remoteEnding(closeCode, "", 8_000).code, "connect_failed");
  assert.equal(remoteEnding(4_321, "", 8_000).code, "internal");
  assert.equal(remoteEnding(4_599, "", 8_000).code, "protocol_error");
});

const options = resolveOptions();
const delay = (ending: Parameters<typeof reconnectDelayMs>[0], failures: number, random: number): number => reconnectDelayMs(ending, failures, options, random);

test("a local cause retries within a second, whatever the server advised for its own ends", () => {
  assert.equal(delay(localEnding("heartbeat_lost", ""), 0, 1), 1_000);
  assert.equal(delay(localEnding("heartbeat_lost", ""), 0, 0), 0);
});

test("an end by the peer is spread over the window that it advises now, else over the one that it advised last", () => {
  assert.equal(delay(remoteEnding(1012, "", 8_000), 0, 0.5), 4_000);
  assert.equal(delay(remoteEnding(1012, '{"windowMs":100}', 8_000), 0, 0.5), 50);
  assert.equal(delay(remoteEnding(1012, '{"windowMs":100}', 8_000), 3, 0.5), 2_000, "unless links fail one after the other");
});

test("a time that the server names is waited for, and the window comes on top", () => {
  assert.equal(delay(remoteEnding(1013, '{"afterMs":3000,"windowMs":1000}', 8_000), 1, 0.5), 3_500);
});

test("advice to come back at once is followed once: who meets the same again and again backs off", () => {
  const refused = remoteEnding(1006, '{"code":"draining","afterMs":0}', 8_000);
  assert.deepEqual(
    [0, 1, 2, 3, 99].map((failures) => delay({ ...refused, windowMs: 0 }, failures, 1)),
    [0, 0, 1_000, 2_000, 30_000],
  );
});

test("a failed dial backs off with full jitter", () => {
  assert.deepEqual(
    [1, 2, 3, 6, 99].map((failures) => delay(localEnding("connect_failed", "", 0), failures, 1)),
    [1_000, 2_000, 4_000, 30_000, 30_000],
  );
});

/** Limits, the options of Node that follow from them, and what a server made otherwise leaves open. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { http2Contradictions, http2LimitDocs, http2ServerOptions, http2SessionLimits, resolveHttp2Limits, sessionBytesMax } from "../../src/http2/settings.ts";
import { resolveGuardOptions } from "../../src/options.ts";

test("every limit has a default", () => {
  const limits = resolveHttp2Limits();
  for (const [name, { default: value }] of Object.entries(http2LimitDocs)) assert.equal(limits[name as keyof typeof limits], value);
});

test("what is not a whole number from 1 is refused, and so is a name that is not known", () => {
  for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    assert.throws(() => resolveHttp2Limits({ streamWindowBytes: value }), {
      name: "TypeError",
      message: /Expected `streamWindowBytes` to be a whole number of bytes/,
    });
  }
  assert.throws(() => resolveHttp2Limits({ streams: 1 } as object), /Expected a known limit of HTTP\/2, got `streams`/);
});

test("the guard's own budget of resets comes before that of nghttp2", () => {
  const limits = resolveHttp2Limits({ resetsMax: 50 });
  const options = http2ServerOptions(limits);
  assert.ok(options.streamResetBurst > limits.resetsMax);
  assert.ok(options.streamResetRate * 10 >= limits.resetsMax);
});

test("a server that was made with the options contradicts nothing; one without them is reported where it is looser", () => {
  const limits = resolveHttp2Limits({ sessionMemoryMb: 4, headerPairsMax: 60 });
  assert.deepEqual(http2Contradictions(limits, { ...http2ServerOptions(limits) }), []);
  const found = http2Contradictions(limits);
  assert.deepEqual(
    found.map(({ limit, wanted, found: is }) => [limit, wanted, is]),
    [
      ["headerPairsMax", 60, 128],
      ["sessionMemoryMb", 4, 10],
    ],
  );
  assert.match(found[0]?.message ?? "", /pass http2ServerOptions/);
});

test("what a session can pin is the sum of what its streams can", () => {
  const limits = resolveHttp2Limits({ streamsMax: 10, streamWindowBytes: 1_000, headerListBytesMax: 24 });
  assert.equal(sessionBytesMax(limits), 10_240);
});

test("a session's limits are those of HTTP/2 and those of the guard", () => {
  const { keepAliveMs, requestsMax, ageMs, streamsMax } = http2SessionLimits(
    resolveHttp2Limits(),
    resolveGuardOptions({ requestsMax: "never", keepAliveMs: 7_000 }),
    { ageMs: 123, slot: 0 },
  );
  assert.deepEqual([keepAliveMs, requestsMax, ageMs, streamsMax], [7_000, Number.POSITIVE_INFINITY, 123, 100]);
});

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { AddressWatch } from "../../src/http1/address-watch.ts";
import { endOfError, isLoss } from "../../src/http1/failure.ts";
import { keepAliveHint } from "../../src/http1/keep-alive-hint.ts";
import { phasesOf } from "../../src/http1/phase-times.ts";
import { afterLoss, type Failed, isIdempotent, isReplayable } from "../../src/http1/repeat-rules.ts";

describe("what may be repeated", () => {
  const stale: Failed = { unsent: false, reused: true, answered: false, idempotent: true, replayable: true, repeats: 0 };

  test("an idempotent request whose reused connection ended unanswered is repeated once", () => {
    assert.equal(afterLoss(stale), "repeat");
    assert.equal(afterLoss({ ...stale, repeats: 1 }), "fail");
  });

  test("anything answered, not idempotent, read as a stream, or on a new connection is not", () => {
    for (const no of [{ answered: true }, { idempotent: false }, { replayable: false }, { reused: false }])
      assert.equal(afterLoss({ ...stale, ...no }), "fail");
  });

  test("what was not sent goes to another connection, whatever it is and however often", () => {
    assert.equal(afterLoss({ unsent: true, reused: true, answered: false, idempotent: false, replayable: false, repeats: 1 }), "move");
    assert.equal(afterLoss({ unsent: true, reused: false, answered: false, idempotent: true, replayable: true, repeats: 0 }), "fail");
  });

  test("methods are idempotent as RFC 9110 says, unless the caller says otherwise", () => {
    assert.deepEqual(
      ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "CONNECT", "LOCK"].filter((method) => isIdempotent(method, undefined)),
      ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"],
    );
    assert.equal(isIdempotent("POST", true), true);
    assert.equal(isIdempotent("GET", false), false);
  });

  test("bytes can be sent again, streams can not", () => {
    for (const body of [null, undefined, "text", Buffer.from("bytes"), new ArrayBuffer(2)]) assert.equal(isReplayable(body), true);
    for (const body of [Readable.from(["a"]), (async function* () {})(), new FormData()]) assert.equal(isReplayable(body), false);
  });
});

test("a server's hint is read in every spelling that servers have, and nothing else is believed", () => {
  assert.deepEqual(keepAliveHint("timeout=5"), { timeoutMs: 5_000, requestsLeft: null });
  assert.deepEqual(keepAliveHint("timeout=5, max=99"), { timeoutMs: 5_000, requestsLeft: 99 });
  assert.deepEqual(keepAliveHint("max=0;Timeout = 15"), { timeoutMs: 15_000, requestsLeft: 0 });
  assert.deepEqual(keepAliveHint(["timeout=7", "max=1"]), { timeoutMs: 7_000, requestsLeft: 1 });
  for (const none of [undefined, "", "300", "mytimeout=5", "timeout=-1", "timeout="])
    assert.deepEqual(keepAliveHint(none), { timeoutMs: null, requestsLeft: null });
});

test("phases follow one another and add up, also when the connection was begun for somebody else", () => {
  const moments = { startMs: 100, sentMs: 130, answerMs: 150, endMs: 155 };
  const sum = ({ queueMs, dnsMs, tcpMs, tlsMs, waitMs, bodyMs }: ReturnType<typeof phasesOf>) =>
    queueMs + (dnsMs ?? 0) + (tcpMs ?? 0) + (tlsMs ?? 0) + waitMs + bodyMs;
  assert.deepEqual(phasesOf(moments, null), { queueMs: 30, dnsMs: null, tcpMs: null, tlsMs: null, waitMs: 20, bodyMs: 5 });
  assert.deepEqual(phasesOf(moments, { dnsMs: 2, tcpMs: 8, tlsMs: 10 }), { queueMs: 10, dnsMs: 2, tcpMs: 8, tlsMs: 10, waitMs: 20, bodyMs: 5 });
  const early = phasesOf(moments, { dnsMs: 50, tcpMs: 15, tlsMs: 20 });
  assert.deepEqual(early, { queueMs: 0, dnsMs: 0, tcpMs: 10, tlsMs: 20, waitMs: 20, bodyMs: 5 });
  assert.equal(sum(early), 55);
});

test("an address is gone only after it has been missing for a while", () => {
  const watch = new AddressWatch(30, 60, 0);
  watch.named(["a"], 0);
  assert.equal(watch.isDue(29), false);
  assert.equal(watch.isDue(30), true);
  assert.equal(watch.isDue(31), false);
  watch.named(["b"], 30);
  assert.equal(watch.isGone("a", 30), false);
  watch.named(["a"], 50);
  watch.named(["b"], 100);
  assert.equal(watch.isGone("a", 100), false);
  watch.named(["b"], 110);
  assert.equal(watch.isGone("a", 110), true);
  assert.equal(watch.isGone("b", 110), false);
});

test("only what took the connection away is a loss", () => {
  const ends = (code: string) => endOfError(Object.assign(new Error("x"), { code }));
  assert.deepEqual(
    ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "ETIMEDOUT"].map((code) => [ends(code), isLoss(ends(code))]),
    [
      ["server_closed", true],
      ["server_reset", true],
      ["server_reset", true],
      ["network_lost", true],
    ],
  );
  for (const code of ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_ABORTED", "HPE_INVALID_CONSTANT", "UND_ERR_DESTROYED"]) {
    assert.equal(isLoss(ends(code)), false, code);
  }
  assert.equal(isLoss(endOfError(new Error("of the caller's"))), false);
});

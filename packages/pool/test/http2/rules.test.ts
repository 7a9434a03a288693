/** The rules of HTTP/2 sessions that need no socket: what is sent again, how a session ends, when it is asked, what headers become. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isIdempotent, maySendAgain, type Tried } from "../../src/http2/again.ts";
import { resolveHttp2Options } from "../../src/http2/options.ts";
import { PingClock, PingPace } from "../../src/http2/ping-clock.ts";
import { HeaderFault, requestHead } from "../../src/http2/request-headers.ts";
import { type Life, type LifeEvent, stepLife } from "../../src/http2/session-life.ts";
import { Waiting } from "../../src/http2/waiting.ts";

const fresh: Tried = { answered: false, idempotent: false, replayable: true, unprocessed: 0, unknown: 0 };

test("what was not processed is sent again whatever its method, what may have been only if that is harmless, and once", () => {
  const may = (loss: Parameters<typeof maySendAgain>[0], tried: Partial<Tried>): boolean => maySendAgain(loss, { ...fresh, ...tried }, 4);
  assert.ok(may("unprocessed", {}));
  assert.ok(may("unprocessed", { unprocessed: 3 }));
  assert.equal(may("unprocessed", { unprocessed: 4 }), false);
  assert.equal(may("unprocessed", { replayable: false }), false);
  assert.equal(may("unprocessed", { answered: true }), false);
  assert.equal(may("unknown", {}), false);
  assert.ok(may("unknown", { idempotent: true, unprocessed: 4 }));
  assert.equal(may("unknown", { idempotent: true, unknown: 1 }), false);
  assert.equal(may("reset", { idempotent: true }), false);
});

test("methods are idempotent as RFC 9110 has it, unless the caller says otherwise", () => {
  assert.deepEqual(
    ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"].map((method) => isIdempotent(method, undefined)),
    [true, true, true, true, true, false, false],
  );
  assert.deepEqual([isIdempotent("POST", true), isIdempotent("GET", false)], [true, false]);
});

test("a session always ends: whatever happens to it, in whatever order, it does not outlive its deadline", () => {
  const event = fc.oneof(
    fc.record({ type: fc.constant("leave" as const), code: fc.constantFrom("goaway" as const, "age_limit" as const), streams: fc.nat(2) }),
    fc.constantFrom<LifeEvent>({ type: "emptied" }, { type: "tick" }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(100)), { maxLength: 30 }), (events) => {
      let life = { name: "open" } as Life;
      let nowMs = 0;
      let leftMs = Number.POSITIVE_INFINITY;
      for (const [each, afterMs] of events) {
        nowMs += afterMs;
        const before = life;
        life = stepLife(life, each, nowMs, 1_000).life;
        if (before.name === "open" && life.name !== "open") leftMs = nowMs;
        if (life.name !== "open" && before.name !== "open") assert.equal(life.code, before.code, "the first reason stays");
      }
      if (life.name === "open") return;
      const { life: last } = stepLife(life, { type: "tick" }, leftMs + 1_000 + 5_000, 1_000);
      assert.ok(life.name === "gone" || last.name === "gone" || nowMs > leftMs);
    }),
  );
  const closing = stepLife({ name: "open" }, { type: "leave", code: "idle_limit", streams: 0 }, 0, 1_000);
  assert.deepEqual(closing.actions, ["close"]);
  assert.deepEqual(stepLife(closing.life, { type: "tick" }, 5_000, 1_000), { life: { name: "gone", code: "idle_limit" }, actions: ["destroy"] });
  assert.deepEqual(stepLife(closing.life, { type: "closed", code: "server_closed" }, 10, 1_000).life, { name: "gone", code: "idle_limit" });
});

const pings = { pingMs: 100, pingIdleMs: "never", pingTimeoutMs: 50, proveAfterMs: 30 } as const;

test("a peer is asked after a silence and given up when nothing at all arrives", () => {
  const clock = new PingClock(pings, new PingPace(), 0);
  assert.deepEqual([clock.look(99, 1, 0), clock.look(100, 1, 0)], ["fine", "ask"]);
  clock.asked(100, 0);
  assert.deepEqual([clock.look(149, 1, 0), clock.look(150, 1, 0), clock.look(151, 1, 0)], ["fine", "look_again", "dead"]);
});

test("any byte is proof of life, an answer to the PING or not; what had come before the PING is none", () => {
  const clock = new PingClock(pings, new PingPace(), 0);
  clock.asked(100, 500);
  assert.equal(clock.look(150, 1, 500), "look_again");
  assert.equal(clock.look(151, 1, 509), "fine");
  assert.deepEqual([clock.isAsking, clock.provedMs], [false, 151]);
});

test("who looks late gives the peer its time again", () => {
  const clock = new PingClock(pings, new PingPace(), 0);
  clock.asked(100, 0);
  assert.equal(clock.look(5_000, 1, 0), "fine");
  assert.deepEqual([clock.look(5_050, 1, 0), clock.look(5_050, 1, 0)], ["look_again", "dead"]);
});

test("without requests nobody is asked, and every complaint doubles the pause for all sessions of the origin", () => {
  const pace = new PingPace();
  const clock = new PingClock(pings, pace, 0);
  assert.deepEqual([clock.look(10_000, 0, 0), clock.dueMs(0)], ["fine", Number.POSITIVE_INFINITY]);
  pace.complained();
  pace.complained();
  assert.deepEqual([clock.look(399, 1, 0), clock.look(400, 1, 0), clock.dueMs(1)], ["fine", "ask", 400]);
  for (let i = 0; i < 40; i++) pace.complained();
  assert.equal(pace.paced(100), 7_200_000);
  assert.equal(pace.paced("never"), null);
});

test("headers of every form become lower case, without what belongs to one connection", () => {
  const forms = [
    { "X-A": "1", Connection: "close, X-B", "X-B": "2" },
    ["X-A", "1", "Connection", "close, X-B", "X-B", "2"],
    new Map([["X-A", "1"]]),
    [["X-A", "1"]],
  ];
  for (const form of forms) {
    const { headers } = requestHead("GET", "https://h:8443", "/p?q", form as never);
    assert.deepEqual({ ...headers }, { ":method": "GET", ":scheme": "https", ":authority": "h:8443", ":path": "/p?q", "x-a": "1" });
  }
});

test("what can not be sent is named", () => {
  const fault = (headers: unknown): string => {
    try {
      requestHead("GET", "http://h", "/", headers as never);
      return "none";
    } catch (error) {
      return error instanceof HeaderFault ? error.message : "another error";
    }
  };
  assert.match(fault({ "a b": "1" }), /header name/);
  assert.match(fault({ ":path": "/evil" }), /header name/);
  assert.match(fault({ a: "1\r\nb: 2" }), /`a` to be a header value/);
  assert.match(fault({ "content-length": "-1" }), /whole number/);
  assert.match(fault({ "content-length": ["1", "1"] }), /once/);
  assert.match(fault(["a"]), /odd number/);
  assert.match(fault({ a: {} }), /an object/);
});

test("those that are sent again come first, and the queue is bounded for those that are new", () => {
  const waiting = new Waiting<string>(2);
  assert.deepEqual([waiting.add("a"), waiting.add("b"), waiting.add("c")], [true, true, false]);
  waiting.addAgain("d");
  assert.deepEqual([waiting.remove("a"), waiting.remove("a"), waiting.has("a"), waiting.size], [true, false, false, 2]);
  assert.deepEqual([waiting.take(), waiting.take(), waiting.take()], ["d", "b", null]);
});

test("options are filled, checked and frozen", () => {
  const options = resolveHttp2Options({ pingMs: "never" });
  assert.deepEqual([options.pingMs, options.sessionsMax, Object.isFrozen(options)], ["never", 4, true]);
  assert.throws(() => resolveHttp2Options({ windowBytesMin: 1_000 }), /windowBytesMin/);
  assert.throws(() => resolveHttp2Options({ windowBytesMax: 2 ** 31 }), /windowBytesMax/);
  assert.throws(() => resolveHttp2Options({ windowBytesTotalMax: 1_000 }), /windowBytesTotalMax/);
  assert.throws(() => resolveHttp2Options({ nonsense: 1 } as never), /nonsense/);
  assert.throws(() => resolveHttp2Options({ sessionsMax: 0 }), /sessionsMax/);
});

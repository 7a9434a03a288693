/** One link that says who it is: before it dials, again before its time is over, and what happens when nobody can say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withToken } from "./support/dialled.ts";
import { settle } from "./support/hand-world.ts";

const hourMs = 3_600_000;

test("a token goes with the hello, one that comes later before the dial", async () => {
  const at = withToken(() => "t1");
  at.conn.open();
  assert.equal((at.conn.sent[0] as { token?: string }).token, "t1");
  const later = Promise.withResolvers<string>();
  const waiting = withToken(() => later.promise);
  assert.throws(() => waiting.conn);
  later.resolve("t2");
  await settle();
  waiting.conn.open();
  assert.equal((waiting.conn.sent[0] as { token?: string }).token, "t2");
});

test("a token that cannot be had ends the dial, and is nothing against the transport", async () => {
  for (const token of [
    () => Promise.reject(new Error("away")),
    () => {
      throw new Error("away");
    },
  ]) {
    const it = withToken(token);
    await settle();
    assert.deepEqual(it.take(), ["token_failed at 0"]);
    assert.equal(it.world.timers, 0);
  }
  const hanging = withToken(() => new Promise<string>(() => {}));
  await hanging.world.advance(10_000);
  assert.deepEqual(hanging.take(), ["token_failed at 10000"]);
});

test("a token that comes after the dial was given up dials nothing", async () => {
  const later = Promise.withResolvers<string>();
  const it = withToken(() => later.promise);
  it.link.close();
  later.resolve("t");
  await settle();
  assert.throws(() => it.conn);
});

test("it is renewed between three quarters and 85 % of its time, and then of the next", async () => {
  let tokens = 0;
  const it = withToken(() => `t${++tokens}`);
  it.conn.welcome({ expiresMs: hourMs, heartbeatMs: 60_000 });
  it.conn.answersPings = true;
  const auths = (): unknown[] => it.conn.sent.filter((message) => (message as { type: string }).type === "auth");
  await it.world.advance(0.75 * hourMs - 1);
  assert.deepEqual(auths(), []);
  await it.world.advance(0.1 * hourMs + 1);
  assert.ok(auths().length >= 1);
  assert.equal((auths()[0] as { token: string }).token, "t2");
  it.conn.say({ type: "authed", id: (auths().at(-1) as { id: number }).id, expiresMs: hourMs });
  const said = auths().length;
  await it.world.advance(0.74 * hourMs);
  assert.equal(auths().length, said);
  await it.world.advance(0.12 * hourMs);
  assert.ok(auths().length > said);
});

test("a renewal that is not answered, or whose token cannot be had, is tried again, later and later, and says why", async () => {
  let asked = 0;
  let isAway = true;
  const it = withToken(() => {
    asked++;
    if (asked > 1 && isAway) throw new Error("away");
    return "t";
  });
  it.conn.welcome({ expiresMs: 100_000, heartbeatMs: 60_000 });
  it.conn.answersPings = true;
  await it.world.advance(85_000);
  assert.ok(asked >= 2);
  assert.equal(it.link.trouble?.code, "token_failed");
  assert.match(it.link.trouble.reason, /away/);
  const before = asked;
  await it.world.advance(60_000);
  assert.ok(asked - before >= 3 && asked - before <= 12, `${asked - before} more`);
  isAway = false;
  await it.world.advance(35_000);
  it.conn.say({ type: "authed" });
  assert.equal(it.link.trouble, null);
  const last = asked;
  await it.world.advance(hourMs);
  assert.equal(asked, last);
});

test("a link that does not end by itself asks for no other token", async () => {
  let asked = 0;
  const it = withToken(() => `t${++asked}`);
  it.conn.welcome({ heartbeatMs: 60_000 });
  it.conn.answersPings = true;
  await it.world.advance(24 * hourMs);
  assert.equal(asked, 1);
});

/** One link: its greeting, what it takes, and its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newCounters } from "../src/counters.ts";
import { Link } from "../src/link.ts";
import { resolveOptions } from "../src/options.ts";
import type { ConnHandlers } from "../src/transport.ts";
import { Dialled, live } from "./support/dialled.ts";
import { HandWorld } from "./support/hand-world.ts";

test("a dial has its time to open, and then the time of a handshake to be welcomed", async () => {
  const unopened = new Dialled();
  await unopened.world.advance(9_999);
  assert.deepEqual(unopened.told, []);
  await unopened.world.advance(1);
  assert.deepEqual([unopened.told, unopened.conn.ended?.how, unopened.world.timers], [["connect_timeout at 10000"], "destroy", 0]);
  const unwelcomed = new Dialled();
  await unwelcomed.world.advance(9_000);
  unwelcomed.conn.open();
  await unwelcomed.world.advance(10_000);
  assert.deepEqual([unwelcomed.told, unwelcomed.conn.ended?.how], [["handshake_timeout at 19000"], "destroy"]);
  assert.equal(unwelcomed.counters.lost, 0);
});

test("a dial that replaces another link has one time for all, and says whom it replaces", async () => {
  const it = new Dialled(5_000, "l");
  await it.world.advance(4_000);
  it.conn.open();
  assert.deepEqual(it.conn.sent, [{ type: "hello", protocol: 1, client: "holdfast-js", replaces: "l" }]);
  await it.world.advance(1_000);
  assert.deepEqual(it.told, ["handshake_timeout at 5000"]);
});

test("what cannot be read ends the link with 4500, once, and counts", () => {
  const it = live();
  it.conn.say('{"type":"entry"}');
  it.link.fault();
  assert.deepEqual([it.take(), it.counters.faults, it.conn.ended?.closeCode], [["protocol_error at 0"], 1, 4_500]);
  assert.equal(it.world.timers, 0);
});

test("a welcome counts once, and nothing else does before it", () => {
  const it = new Dialled();
  it.conn.open();
  it.conn.say({ type: "closed", stream: "a", position: "0" });
  it.conn.say({ type: "goaway", code: "draining", afterMs: 5, deadlineMs: 9 });
  assert.deepEqual(it.take(), []);
  it.conn.welcome({ link: "L" });
  it.conn.welcome({ link: "M" });
  it.conn.say({ type: "goaway", code: "draining", afterMs: 5, deadlineMs: 9 });
  assert.deepEqual([it.take(), it.link.linkId], [["up at 0", "goaway at 0"], "L"]);
});

test("another response of the same link begins each entry anew", () => {
  const up = live();
  const part = { type: "part", stream: "s", position: "e.1", index: 0, base64: "AAAA" } as const;
  assert.ok(up.link.assembly.add(part, 1_000));
  assert.equal(up.link.assembly.add(part, 1_000), false);
  up.conn.welcome({ link: "again" });
  assert.ok(up.link.assembly.add(part, 1_000));
});

test("a link that is let go is closed in order once it was welcomed, else at once; nothing is told of it", async () => {
  const up = live();
  up.link.close();
  assert.deepEqual([up.conn.ended, up.world.timers], [{ how: "close", closeCode: 1_000, reason: '{"code":"closed_by_user"}' }, 0]);
  const dial = new Dialled();
  dial.link.close();
  await dial.world.advance(60_000);
  assert.deepEqual([dial.conn.ended?.how, dial.told, dial.world.timers], ["destroy", [], 0]);
});

test("what a connection tells after its link was let go counts for nothing", () => {
  let tell: ConnHandlers | undefined;
  const told: string[] = [];
  const owner = { up: () => told.push("up"), ended: () => told.push("ended"), changed: () => told.push("changed") };
  const { env } = new HandWorld();
  const link = new Link(0, { ...env, options: resolveOptions(), counters: newCounters() }, owner, { frame: () => told.push("frame"), asks: () => [] });
  const sent: string[] = [];
  const conn = { queuedBytes: 0, send: (text: string) => sent.push(text), close: () => {}, destroy: () => {} };
  const dial = (_target: unknown, handlers: ConnHandlers) => {
    tell = handlers;
    return conn;
  };
  link.dial({ name: "late", dial }, "http://test/v1/", 10_000);
  link.close();
  tell?.onOpen();
  tell?.onActivity();
  tell?.onText('{"type":"welcome","link":"l","node":"n","heartbeatMs":500,"entryBytesMax":1,"subscriptionsMax":1,"reconnect":{"windowMs":0}}');
  tell?.onText("no JSON");
  tell?.onClose({ closeCode: 1006, reason: "" });
  tell?.onError("connect_failed", "");
  assert.deepEqual([told, sent, link.heardMs], [[], [], 0]);
});

test("an address that the platform refuses outright is a failed dial", () => {
  const it = new Dialled();
  const told: string[] = [];
  const owner = { up: () => {}, ended: (_link: Link, { code }: { code: string }) => void told.push(code), changed: () => {} };
  const link = new Link(0, { ...it.world.env, options: resolveOptions(), counters: it.counters }, owner, { frame: () => {}, asks: () => [] });
  const dial = (): never => {
    throw new Error("SecurityError");
  };
  link.dial({ name: "throws", dial }, "http://test/v1/", 10_000);
  assert.deepEqual([told, link.isOver], [["connect_failed"], true]);
});

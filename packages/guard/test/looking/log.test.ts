import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Clock } from "@holdfast/protocol";
import { type EndCode, ends } from "../../src/ends.ts";
import { CloseLog, closeLine, isPunishment } from "../../src/looking/log.ts";
import { connectionRow } from "../support/rows.ts";

const ending = (code: EndCode) => ({ code, side: ends[code].side, ageMs: 61_000.4, silentMs: 60_000.2, quiet: null });

/** A clock that a test turns. */
class Turned implements Clock {
  ms = 0;
  #due: { readonly atMs: number; readonly call: () => void }[] = [];
  monoMs(): number {
    return this.ms;
  }
  wallMs(): number {
    return this.ms;
  }
  after(delayMs: number, call: () => void): { cancel(): void } {
    this.#due.push({ atMs: this.ms + delayMs, call });
    return { cancel: () => {} };
  }
  pass(ms: number): void {
    this.ms += ms;
    const due = this.#due.filter(({ atMs }) => atMs <= this.ms);
    this.#due = this.#due.filter(({ atMs }) => atMs > this.ms);
    for (const { call } of due) call();
  }
}

class Lines {
  readonly told: { readonly level: string; readonly message: string; readonly facts: Record<string, unknown> }[] = [];
  info(facts: object, message: string): void {
    this.told.push({ level: "info", message, facts: { ...facts } });
  }
  warn(facts: object, message: string): void {
    this.told.push({ level: "warn", message, facts: { ...facts } });
  }
}

describe("the line of an ended connection", () => {
  it("says who, why, after how long and how silent", () => {
    const tls = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", alpn: null, sni: "example.org", resumed: false };
    assert.deepEqual(closeLine(connectionRow({ subject: "ann", tls }), ending("peer_reset")), {
      connection: "abc123",
      peer: "192.0.2.7:50000",
      listener: "http",
      protocol: "http/1.1",
      tls: "TLSv1.3",
      subject: "ann",
      code: "peer_reset",
      side: "peer",
      meaning: ends.peer_reset.meaning,
      ageMs: 61_000,
      silentMs: 60_000,
      requests: 3,
      bytesRead: 1_000,
      bytesWritten: 2_000,
    });
  });

  it("is as the page shows it", () => {
    const page = readFileSync(new URL("../../../../docs/looking.md", import.meta.url), "utf8");
    const shown = JSON.parse(/```json\n(.*)\n```/.exec(page)?.[1] ?? "") as Record<string, unknown>;
    const { level, timeMs, event, ...facts } = shown;
    assert.deepEqual([level, typeof timeMs, event], ["info", "number", "closed"]);
    assert.deepEqual(Object.keys(facts), Object.keys(closeLine(connectionRow({ subject: "ann" }), ending("peer_reset"))));
    assert.equal(facts["meaning"], ends.peer_reset.meaning);
  });

  it("has no facts that are not known", () => {
    assert.deepEqual(
      Object.keys(closeLine(connectionRow(), ending("peer_closed"))).filter((name) => name === "tls" || name === "subject"),
      [],
    );
  });

  it("does not repeat what a peer named its upgrade, and cuts a long subject", () => {
    const line = closeLine(connectionRow({ protocol: "canary", subject: "s".repeat(10_000) }), ending("peer_closed"));
    assert.equal(line.protocol, "other");
    assert.equal(line.subject?.length, 256);
  });

  const levels: readonly (readonly [EndCode, boolean])[] = [
    ["peer_closed", false],
    ["peer_reset", false],
    ["host_closed", false],
    ["idle_timeout", false],
    ["draining", false],
    ["killed", false],
    ["ping_flood", true],
    ["header_timeout", true],
    ["slow_reader", true],
    ["bad_request", true],
    ["reclaimed", true],
  ];
  for (const [code, isWarning] of levels) {
    it(`is ${isWarning ? "a warning" : "for information"} when the code is ${code}`, () => {
      const lines = new Lines();
      new CloseLog(lines, { clock: new Turned() }).ended(connectionRow(), ending(code));
      assert.equal(lines.told[0]?.level, isWarning ? "warn" : "info");
      assert.equal(isPunishment(ending(code)), isWarning);
    });
  }
});

describe("the log of ended connections", () => {
  it("writes so many lines a second, and says how many it left out", () => {
    const [lines, clock] = [new Lines(), new Turned()];
    const log = new CloseLog(lines, { linesPerSecond: 10, clock });
    for (let i = 0; i < 1_000; i++) log.ended(connectionRow(), ending("peer_closed"));
    assert.equal(lines.told.length, 10);
    assert.equal(log.suppressed, 990);
    clock.pass(1_000);
    assert.deepEqual(lines.told.at(-1), { level: "warn", message: "closes_suppressed", facts: { suppressed: 990, linesPerSecond: 10 } });
    log.ended(connectionRow(), ending("peer_closed"));
    assert.equal(lines.told.length, 12);
  });

  it("stays bounded through an hour of flood", () => {
    const [lines, clock] = [new Lines(), new Turned()];
    const log = new CloseLog(lines, { linesPerSecond: 5, clock });
    for (let second = 0; second < 3_600; second++) {
      for (let i = 0; i < 20; i++) log.ended(connectionRow(), ending("bad_request"));
      clock.pass(1_000);
    }
    assert.ok(lines.told.length <= 3_600 * 6, `${lines.told.length}`);
    const untold = lines.told.reduce((sum, { facts }) => sum + Number(facts["suppressed"] ?? 0), 0);
    assert.equal(untold, log.suppressed);
    assert.equal(log.suppressed + lines.told.filter(({ message }) => message === "closed").length, 3_600 * 20);
  });

  it("tells a guard's warnings", () => {
    const lines = new Lines();
    new CloseLog(lines, { clock: new Turned() }).warning("descriptors above 80 %");
    assert.deepEqual(lines.told, [{ level: "warn", message: "guard_warning", facts: { warning: "descriptors above 80 %" } }]);
  });

  it("refuses a rate that is none", () => assert.throws(() => new CloseLog(new Lines(), { linesPerSecond: 0 }), /at least 1/));
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { GuardCore } from "../src/core.ts";
import { resolveGuardOptions } from "../src/options.ts";
import { guarded, until } from "./support/guarded.ts";

describe("reclaim", () => {
  it("ends connections that never asked before those that did: silence costs an attacker nothing", async () => {
    const one = await guarded({ connectionsMax: 10, pressurePercent: 50 }, (_request, response) => response.end("hello"));
    const open: RawHttp[] = [];
    try {
      for (let i = 0; i < 3; i++) open.push(await RawHttp.open(one.port));
      for (let i = 0; i < 4; i++) {
        const http = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
        await http.whole();
        open.push(http);
      }
      await until(
        () => one.endings.length === 2,
        () => JSON.stringify(one.endings),
      );
      assert.deepEqual(
        one.endings.map(({ code }) => code),
        ["reclaimed", "reclaimed"],
      );
      assert.deepEqual(
        open.map((http) => http.hasEnded),
        [true, true, false, false, false, false, false],
      );
    } finally {
      for (const http of open) http.destroy();
      await one.stop();
    }
  });
});

/** A core whose clock the test moves, with room for two connections before it runs short. */
function core() {
  let nowMs = 0;
  let ids = 0;
  let due: { readonly atMs: number; readonly call: () => void }[] = [];
  const soon: (() => void)[] = [];
  const clock = {
    monoMs: () => nowMs,
    wallMs: () => nowMs,
    after: (delayMs: number, call: () => void) => {
      const timer = { atMs: nowMs + delayMs, call };
      due.push(timer);
      const cancel = (): void => {
        due = due.filter((each) => each !== timer);
      };
      return { cancel };
    },
  };
  const options = resolveGuardOptions({ connectionsMax: 4, pressurePercent: 50, headersMs: 60_000 });
  const env = { clock, rng: { u32: () => ids++ }, soon: (call: () => void) => void soon.push(call) };
  const resources = { measure: () => [], everyMs: 100, refusalsMax: 10, close: () => {} };
  const made = new GuardCore(options, env, resources, { ended: () => {}, warning: () => {} });
  return {
    made,
    /** A connection, and a way to let bytes come on it. */
    accept: () => {
      let bytes = 0;
      const port = {
        bytesRead: () => bytes,
        bytesWritten: () => 0,
        waitingBytes: () => 0,
        sentBytes: () => 0,
        queuedBytes: () => 0,
        end: () => {},
        reset: () => {},
      };
      const { connection } = made.accept({ listener: "http", peer: { address: "127.0.0.1", port: 1 }, addressKey: "127.0.0.1", port, options });
      return { connection, receive: () => void bytes++ };
    },
    /** Lets time pass; `poll` is what the sockets bring in each turn, before what was put off is done. */
    pass: (ms: number, poll: () => void = () => {}) => {
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs += 10;
        const ripe = due.filter(({ atMs }) => atMs <= nowMs);
        due = due.filter(({ atMs }) => atMs > nowMs);
        for (const { call } of ripe) call();
        poll();
        for (const call of soon.splice(0)) call();
      }
    },
  };
}

describe("a herd that is being accepted", () => {
  it("is given a second to ask, however short things run", () => {
    const { accept, pass } = core();
    const all = Array.from({ length: 4 }, accept);
    pass(900);
    assert.deepEqual(new Set(all.map(({ connection }) => connection.phase)), new Set(["opening"]));
    pass(600);
    assert.ok(
      all.some(({ connection }) => connection.phase === "lingering"),
      all.map(({ connection }) => `${connection.phase} ${connection.idleSinceMs}`).join(),
    );
  });

  it("is not called idle while its requests lie in the kernel", () => {
    const { accept, pass } = core();
    const all = Array.from({ length: 4 }, accept);
    pass(1_040); // The next look, in 10 ms, finds that all have waited for a second.
    // The process was busy: the look at what is idle comes before the sockets are read, and what came is read in the same turn.
    pass(600, () => {
      for (const { receive } of all) receive();
    });
    assert.ok(all.every(({ connection }) => connection.phase !== "lingering"));
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
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

describe("a herd", () => {
  it("is not taken for idle while it is being accepted", async () => {
    const one = await guarded({ connectionsMax: 200, pressurePercent: 50 }, (_request, response) => response.end("hello"));
    const open: RawHttp[] = [];
    try {
      // All are accepted, and the first of them wait long enough for a look or two, before any is served: the process is busy.
      const opening = Array.from({ length: 180 }, () => RawHttp.send(one.port, requestBytes("GET", "/", one.port)));
      open.push(...(await Promise.all(opening)));
      const busyUntilMs = performance.now() + 1_500;
      while (performance.now() < busyUntilMs);
      for (const http of open) assert.equal((await http.whole()).status, 200);
    } finally {
      for (const http of open) http.destroy();
      await one.stop();
    }
  });
});

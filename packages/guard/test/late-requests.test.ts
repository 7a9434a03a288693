import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { guarded, until } from "./support/guarded.ts";

describe("a request that comes when its connection is about to end", () => {
  it("is answered when its bytes had arrived before the end was decided", async () => {
    const one = await guarded({ keepAliveMs: 500 }, (_request, response) => response.end("hello"));
    try {
      const http = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
      await http.whole();
      // The bytes lie in the kernel while the loop is busy; when it goes on, the timers are asked before the socket is.
      http.socket.write(requestBytes("POST", "/", one.port, {}, "pay"));
      const busyUntilMs = performance.now() + 2_000;
      while (performance.now() < busyUntilMs);
      await http.until(() => http.responses.length === 2 || http.hasEnded);
      assert.equal(http.responses[1]?.status, 200, JSON.stringify(one.endings));
      http.destroy();
    } finally {
      await one.stop();
    }
  });

  it("is counted, and warned of once, when it came too late: its sender has the longer timer", async () => {
    const one = await guarded({ role: "proxy", keepAliveMs: 500, proxyIdleMs: 20_000 }, (_request, response) => response.end("hello"));
    try {
      for (let i = 1; i <= 2; i++) {
        const http = await RawHttp.open(one.port);
        http.socket.allowHalfOpen = true;
        http.socket.write(requestBytes("GET", "/", one.port));
        await http.until(() => http.hasEnded);
        http.socket.write(requestBytes("POST", "/", one.port, {}, "pay"));
        await until(() => one.guard.counters.requestsLate === i);
        assert.equal(http.responses.length, 1);
        http.destroy();
      }
      assert.equal(one.guard.counters.requests, 2);
      const [start, ...late] = one.guard.warnings.filter((warning) => warning.includes("proxy"));
      assert.match(start ?? "", /keepAliveMs 500 is too short/);
      assert.equal(late.length, 1);
      assert.match(late[0] ?? "", /\(idle_timeout\).*state its timer as proxyIdleMs/);
    } finally {
      await one.stop();
    }
  });
});

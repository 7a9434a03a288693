import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { guarded } from "./support/guarded.ts";

describe("a drain", () => {
  it("answers whoever the kernel had accepted when it began", async () => {
    const one = await guarded({ drainMs: 5_000 }, (_request, response) => response.end("hello"));
    try {
      // The kernel shakes hands while the loop is busy: these connections exist, and the process has not heard of them.
      const opening = Array.from({ length: 20 }, () => RawHttp.open(one.port));
      await new Promise<void>((resolve) => process.nextTick(resolve));
      const busyUntilMs = performance.now() + 50;
      while (performance.now() < busyUntilMs);
      const drained = one.guard.drain();
      assert.equal(one.guard.ready, false);
      const all = await Promise.all(opening);
      for (const http of all) http.socket.write(requestBytes("POST", "/", one.port, {}, "pay"));
      for (const http of all) {
        const { status, headers } = await http.whole();
        assert.deepEqual([status, headers["connection"]], [200, "close"]);
        http.destroy();
      }
      await drained;
      await assert.rejects(RawHttp.open(one.port), { code: "ECONNREFUSED" });
    } finally {
      await one.stop();
    }
  });
});

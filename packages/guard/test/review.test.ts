import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { guarded, until } from "./support/guarded.ts";

describe("a refusal", () => {
  it("is forgotten when its connection is gone: the six hundredth is told why as the first was", async (t) => {
    const one = await guarded({ perAddressMax: 1 }, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    const first = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
    await first.whole();
    for (let i = 0; i < 600; i++) {
      const refused = await RawHttp.open(one.port);
      await refused.until(() => refused.hasEnded);
      assert.equal(refused.response?.status, 429, `refusal ${i}`);
      refused.destroy();
    }
    assert.equal(one.guard.counters.refused.get("too_many_from_address"), 600);
    assert.equal(one.endings.length, 0);
    first.destroy();
    await until(() => one.endings.length === 1);
  });
});

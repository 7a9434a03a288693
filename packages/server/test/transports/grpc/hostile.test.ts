/** The rows of gRPC: hostile callers get a status each, and cost the session and the links on it nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GrpcSession } from "../../support/grpc-call.ts";
import { testServer } from "../../support/server.ts";
import { grpcRows } from "./rows.ts";

describe("over gRPC", { concurrency: 4 }, () => {
  for (const { row, input, status, codes, run } of grpcRows) {
    it(`${row}: ${input}`, async (t) => {
      const test = await testServer({ heartbeatMs: 60_000, handshakeMs: 1_500 });
      t.after(() => test.stop());
      const session = await GrpcSession.open(test.url);
      t.after(() => session.session.destroy());
      const beside = session.subscribe().ask({ subscribe: [{ id: 1, stream: "beside", after: "first" }] });
      const given = async (count: number): Promise<void> => {
        assert.equal((await test.post("beside", String(count))).status, 200);
        await beside.until(() => beside.ofKind("entry").length === count);
      };
      await given(1);
      const call = await run(session);
      assert.deepEqual(await call.ended(), [status, codes[0]]);
      const { refused, closed } = test.server.hub.counters;
      assert.deepEqual([...refused, ...closed], [[codes[0], 1]]);
      await given(2);
      await beside.until(() => test.server.hub.stats().links === 1);
      assert.equal((await test.post("hostile", "1")).body["duplicate"], false);
    });
  }
});

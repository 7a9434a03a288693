/**
 * Ten thousand links get an entry each 100 ms, and the server's timers stay on time: the fan-out works in slices.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { quantile, startReaders, startServer, until } from "./support/processes.ts";

const links = 10_000;
const entries = 40;
const rounds = 3;
const latenessMsMax = 25;

describe("fairness", () => {
  it(`delivers an entry each 100 ms to ${links} links without making timers late`, async (t) => {
    const server = startServer();
    const readers = startReaders();
    try {
      const port = await server.call("open", { options: { linksMax: links, heartbeatMs: 60_000 } });
      await readers.call("open", { port, count: links, stream: "s" });
      // A machine with other work makes single timers late; slices that do not work make all rounds late.
      let p99 = Number.POSITIVE_INFINITY;
      for (let round = 1; round <= rounds && p99 >= latenessMsMax; round++) {
        const late = await server.call("publishTimed", { stream: "s", count: entries, everyMs: 100 });
        await until("all entries arrive", async () => (await readers.call("counts")).entries === links * entries * round, 10_000);
        p99 = quantile(late, 0.99);
        t.diagnostic(
          `timer lateness over ${late.length} timers: p50 ${quantile(late, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${quantile(late, 1).toFixed(1)} ms`,
        );
      }
      assert.equal((await readers.call("counts")).ended, 0);
      assert.ok(p99 < latenessMsMax, `p99 of timer lateness ${p99.toFixed(1)} ms in the last of ${rounds} rounds`);
    } finally {
      await Promise.all([server.stop(), readers.stop()]);
    }
  });
});

/**
 * A hundred readers stop reading while 100 MB are published: the server's memory hardly grows, and when they read again, all of it is there.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startReaders, startServer, until } from "./support/processes.ts";

const links = 100;
/** So many read again at the end: all of them would be 10 GB over loopback. */
const resumed = 4;
const entryBytes = 10_000;
const entries = 10_000;
const mebibyte = 1_048_576;

/** What the kernel holds for TCP, which RSS does not show. */
function kernelTcpBytes(): number {
  const pages = /^TCP: .* mem (\d+)$/m.exec(readFileSync("/proc/net/sockstat", "utf8"))?.[1];
  return Number(pages) * 4096;
}

describe("stalled readers", () => {
  it("cost the server next to nothing, and get everything once they read again", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-stalled-"));
    const server = startServer();
    const readers = startReaders();
    try {
      const port = await server.call("open", { options: { heartbeatMs: 60_000 }, directory });
      await readers.call("open", { port, count: links, stream: "s" });
      // The heap has its working size once as much has been published with nobody stalled.
      await server.call("publish", { stream: "warm", count: entries / 2, bytes: entryBytes, everyMs: 0 });
      await readers.call("stall");
      const before = await server.call("memory");
      const kernelBefore = kernelTcpBytes();
      await server.call("publish", { stream: "s", count: entries, bytes: entryBytes, everyMs: 0 });
      const stalled = await server.call("memory");
      const grownBytes = stalled.rssBytes - before.rssBytes;
      t.diagnostic(
        `RSS ${(before.rssBytes / mebibyte).toFixed(0)} MiB, grew by ${(grownBytes / mebibyte).toFixed(1)} MiB; the kernel's TCP memory grew by ${((kernelTcpBytes() - kernelBefore) / mebibyte).toFixed(1)} MiB`,
      );
      assert.ok(grownBytes < 50 * mebibyte, `grew by ${(grownBytes / mebibyte).toFixed(1)} MiB`);
      assert.equal(await server.call("links"), links);
      assert.ok((await readers.call("counts")).entries < links * 1_000, "the readers were not stalled");
      await readers.call("resume", resumed);
      await until("all entries arrive", async () => (await readers.call("counts")).least === entries, 60_000);
    } finally {
      await Promise.all([server.stop(), readers.stop()]);
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

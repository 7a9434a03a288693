/**
 * The client in Firefox: over WebSocket, through a proxy that resets its links while entries come.
 * What the page got is judged against the log.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openProxy, reset } from "@holdfast/lab";
import { createServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { needs } from "../scripts/test-support/needs.ts";
import { bundle, htmlPage, serveFiles } from "./support/bundle.ts";
import { openFirefox } from "./support/firefox.ts";
import { fetchLog } from "./support/log.ts";
import { until } from "./support/processes.ts";

const total = 1_000;
const batch = 25;
const resets = 3;
/** What Firefox itself logs when a WebSocket breaks. */
const connectionFault = /^The connection to ws:.* was interrupted while the page was loading\.$/;

describe("Firefox", { skip: needs("firefox") }, () => {
  it("follows a stream over WebSocket, and loses nothing when its link is reset", { timeout: 120_000 }, async (t) => {
    const files = await serveFiles({ "/": htmlPage("/main.js"), "/main.js": await bundle(new URL("pages/follow.ts", import.meta.url)) });
    const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 1, origins: [files.url] } });
    const { url, port } = await server.listen();
    const proxy = await openProxy({ target: { host: "127.0.0.1", port } });
    let sent = 0;
    const append = async (): Promise<void> => {
      const payload = (i: number): Uint8Array => new TextEncoder().encode(JSON.stringify({ n: sent + i + 1 }));
      const result = await server.hub.append({ stream: "s", entries: Array.from({ length: batch }, (_, i) => ({ format: "json", payload: payload(i) })) });
      assert.ok(result.ok);
      sent += batch;
    };
    try {
      await using page = await openFirefox();
      await page.goto(`${files.url}/?${new URLSearchParams({ url: proxy.url(""), stream: "s" })}`);
      const count = async (): Promise<number> => (await page.evaluate("followed.entries.length")) as number;
      await append();
      await until("the first entries are there", async () => (await count()) === batch, 10_000);
      assert.equal(await page.evaluate("followed.transport"), "websocket");
      for (let n = 1; n <= resets; n++) {
        const fault = proxy.add(reset({ afterBytes: 2_000 }), { direction: "to-client" });
        while (sent < (total * n) / resets) await append();
        await fault.untilStruck();
        await fault.remove();
        await until("all are there", async () => (await count()) >= sent, 20_000);
      }
      const followed = (await page.evaluate("followed")) as { entries: [string, string][]; states: string[]; gaps: number; error: string | null };
      assert.equal(sent, total);
      assert.deepEqual(followed.entries, await fetchLog(url, "s"), "lost, duplicated or reordered");
      assert.deepEqual([followed.gaps, followed.error], [0, null]);
      assert.ok(followed.states.filter((state) => state === "offline").length >= resets, `states: ${followed.states}`);
      const unexpected = page.faults.filter((text) => !connectionFault.test(text));
      assert.deepEqual(unexpected, []);
      t.diagnostic(`Firefox ${page.version}: ${followed.entries.length} entries, ${proxy.counters.opened} links: lost 0, duplicated 0, reordered 0`);
    } finally {
      await server.close();
      await proxy.close();
      await files.close();
    }
  });
});

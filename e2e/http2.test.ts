/**
 * A browser and a server that agree on HTTP/2: a page follows more streams than HTTP/1.1 has connections for, over one connection, and
 * what becomes of that connection costs it no entry.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { createServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { certificates } from "../scripts/test-support/certificates.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { openBrowser } from "./support/browser.ts";
import { bundle, htmlPage } from "./support/bundle.ts";
import { until } from "./support/processes.ts";

/** Browsers open six connections of HTTP/1.1 to one origin. */
const natives = 30;
const transports = ["sse", "poll", "websocket"];
const streams = Array.from({ length: natives + transports.length }, (_, n) => `h2/${n}`);
const rounds = 12;

interface Followed {
  readonly how: string;
  readonly stream: string;
  readonly values: readonly number[];
  readonly gaps: readonly string[];
}

it("a page in Chromium follows 30 EventSources and clients over one HTTP/2 session, and through its death", {
  skip: needs("chromium") || needs("openssl"),
  timeout: 60_000,
}, async () => {
  using folder = certificates();
  const { certFile, keyFile } = folder.make("localhost");
  const files = new Map([
    ["/", ["text/html", htmlPage("/main.js")]],
    ["/main.js", ["text/javascript", await bundle(new URL("./pages/http2.ts", import.meta.url))]],
  ]);
  const server = createServer({
    engine: memoryEngine({ env: nodeEnv }),
    options: { port: 0, drainMs: 1, heartbeatMs: 2_000 },
    listener: { tls: { certFile, keyFile } },
    fallback: ({ url }, response) => {
      const [type, text] = files.get(url ?? "") ?? [];
      if (type === undefined) return false;
      response.writeHead(200, { "Content-Type": type }).end(text);
      return true;
    },
  });
  const { url } = await server.listen();
  let round = 0;
  const append = async (): Promise<void> => {
    round++;
    for (const stream of streams) {
      assert.ok((await server.hub.append({ stream, entries: [{ format: "json", payload: Buffer.from(String(round)) }] })).ok);
    }
  };
  try {
    await append();
    await using browser = await openBrowser();
    await using context = await browser.context({ ignoreHTTPSErrors: true });
    const page = await context.page(url);
    const followed = (): Promise<Followed[]> => page.evaluate("followed");
    const allHave = async (count: number): Promise<void> => {
      await until(`${count} entries each`, async () => (await followed()).every(({ values }) => values.length >= count), 20_000);
    };
    await page.evaluate(`for (const stream of ${JSON.stringify(streams.slice(0, natives))}) native(stream)`);
    for (const [n, transport] of transports.entries()) await page.evaluate(`void byClient("${streams[natives + n]}", "${transport}")`);
    await allHave(1);
    const protocols = server.guard.connections().map(({ protocol }) => protocol);
    assert.deepEqual(protocols.sort(), ["h2", "websocket"]);
    assert.equal(server.stats().linksByTransport["sse"], natives + 1);
    while (round < rounds / 2) await append();
    await allHave(round);
    // Not by its peers' leave: every response ends in the middle.
    for (const { id } of server.guard.connections()) server.guard.kill(id);
    while (round < rounds) await append();
    await allHave(rounds);
    for (const { how, stream, values, gaps } of await followed()) {
      assert.deepEqual(
        values,
        Array.from({ length: rounds }, (_, n) => n + 1),
        `${stream} by ${how}`,
      );
      assert.deepEqual(gaps, [], `${stream} by ${how}`);
    }
  } finally {
    await server.close();
  }
});

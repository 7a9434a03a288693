/** What the metrics say of links: a kind of which there are none any more is told as 0, since a series that ends looks like a scrape that failed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSse, sseMessages } from "../support/links.ts";
import { testServer } from "../support/server.ts";

test("a transport whose last link has gone has none", async (t) => {
  const subject = await testServer({});
  t.after(() => subject.stop());
  const told = async (): Promise<readonly string[]> => {
    const text = await subject.server.metrics.metrics();
    return text.split("\n").filter((line) => line.startsWith("holdfast_links{"));
  };
  assert.deepEqual(await told(), []);
  const link = await openSse(subject.port);
  await link.until(() => sseMessages(link).length > 0);
  assert.deepEqual(await told(), ['holdfast_links{transport="sse"} 1']);
  link.destroy();
  while (subject.server.stats().links > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await told(), ['holdfast_links{transport="sse"} 0']);
});

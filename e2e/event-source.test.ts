/**
 * The browser's own EventSource, without any code of ours: many of them follow three streams each over one response, which is cut at another
 * byte each time, through the headers and the first flushes. Each entry has to come once, in order, and the end has to be the end.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { cut, type LabProxy, openProxy } from "@holdfast/lab";
import { createServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { needs } from "../scripts/test-support/needs.ts";
import { openBrowser } from "./support/browser.ts";
import { htmlPage, serveFiles } from "./support/bundle.ts";
import { fetchLog } from "./support/log.ts";
import { until } from "./support/processes.ts";

const streams = ["es/a", "es/b", "es/c"];
const followers = 40;
const cutsEach = 3;
/** Bytes from one cut to the next: 120 of them reach from the status line over what had been missed to entries that came live. */
const strideBytes = 19;
/** A response whose headers end with the connection is a whole one to Chromium, and of no type that it takes; a reset is none. */
const headersBytesMax = 600;

/** What the page keeps of one EventSource. */
interface Followed {
  readonly got: Readonly<Record<string, [position: string, text: string][]>>;
  /** Events with a name, without beats. */
  readonly named: readonly string[];
  readonly opened: number;
  readonly readyState: number;
  readonly brokenOrder: number;
}

const program = `
  globalThis.followers = [];
  globalThis.follow = (url) => {
    const source = new EventSource(url);
    const one = { got: {}, named: [], opened: 0, readyState: 0, brokenOrder: 0 };
    followers.push(one);
    const note = () => { one.readyState = source.readyState; };
    source.onopen = () => { one.opened++; note(); };
    source.onerror = note;
    source.onmessage = ({ data }) => {
      for (const { stream, position, prev, data: value } of data.split("\\n").map((line) => JSON.parse(line))) {
        const list = (one.got[stream] ??= []);
        if (list.length > 0 && list.at(-1)[0] !== prev) one.brokenOrder++;
        list.push([position, JSON.stringify(value)]);
      }
    };
    for (const name of ["welcome", "subscribed", "gap", "closed", "unsubscribed", "bye"]) {
      source.addEventListener(name, ({ data }) => one.named.push(name + " " + (JSON.parse(data).stream ?? "")));
    }
  };`;

it("EventSource in Chromium follows three streams at once, cut at 120 bytes of its responses, and rests at their end", {
  skip: needs("chromium"),
  timeout: 60_000,
}, async (t) => {
  await using files = await serveFiles({ "/": htmlPage("/main.js"), "/main.js": program });
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 1, origins: [files.url] } });
  const { url, port } = await server.listen();
  let appended = 0;
  const append = (): void => {
    for (const stream of streams) {
      const payload = new TextEncoder().encode(JSON.stringify({ n: appended++, text: "naïve 😀\n" }));
      void server.hub.append({ stream, entries: [{ format: "json", payload }] });
    }
  };
  append();
  const feed = setInterval(append, 400);
  const proxies: LabProxy[] = [];
  try {
    await using browser = await openBrowser();
    await using context = await browser.context();
    const page = await context.page(files.url);
    // Each has an origin of its own: browsers open six connections to one.
    for (let n = 0; n < followers; n++) proxies.push(await openProxy({ target: { host: "127.0.0.1", port } }));
    const query = streams.map((stream) => `stream=${stream}`).join("&");
    const cutAll = proxies.map((proxy, n) => cutRepeatedly(proxy, n));
    await page.evaluate(`for (const url of ${JSON.stringify(proxies.map((proxy) => proxy.url(`/v1/sse?${query}&after=first`)))}) follow(url)`);
    const cuts = (await Promise.all(cutAll)).flat();
    assert.equal(new Set(cuts).size, followers * cutsEach);

    clearInterval(feed);
    const followed = (): Promise<Followed[]> => page.evaluate("followers") as Promise<Followed[]>;
    const log = Object.fromEntries(await Promise.all(streams.map(async (stream) => [stream, await fetchLog(url, stream)] as const)));
    const size = appended / streams.length;
    const isThere = ({ got }: Followed): boolean => streams.every((stream) => (got[stream]?.length ?? 0) >= size);
    await until("everybody has everything", async () => (await followed()).every(isThere), 10_000);
    for (const { got, brokenOrder, named } of await followed()) {
      assert.deepEqual(got, log, "lost, doubled or out of order");
      assert.equal(brokenOrder, 0);
      assert.deepEqual(
        named.filter((name) => !/^(?:welcome|subscribed)/.test(name)),
        [],
      );
    }
    const opened = (await followed()).map((each) => each.opened);
    assert.ok(Math.max(...opened) === cutsEach + 1, `opened ${opened}`);

    await Promise.all(streams.map((stream) => server.hub.append({ stream, entries: [], close: true })));
    await until("all rest", async () => (await followed()).every(({ readyState }) => readyState === 2), 10_000);
    for (const { got, named } of await followed()) {
      assert.deepEqual(got, log);
      assert.deepEqual(named.filter((name) => name.startsWith("closed")).sort(), streams.map((stream) => `closed ${stream}`).sort());
    }
    const connections = proxies.reduce((sum, { counters }) => sum + counters.opened, 0);
    t.diagnostic(`${cuts.length} cuts from byte ${Math.min(...cuts)} to ${Math.max(...cuts)}, ${connections} connections, ${size} entries of each stream`);
    context.assertNoFaults([/^Failed to load resource: net::ERR_/]);
  } finally {
    clearInterval(feed);
    await server.close();
    for (const proxy of proxies) await proxy.close();
  }
});

/** Cuts the responses of one follower, each at another byte. Resolves when it has cut as often as it is to. */
async function cutRepeatedly(proxy: LabProxy, follower: number): Promise<number[]> {
  const cuts: number[] = [];
  for (let n = 0; n < cutsEach; n++) {
    const afterBytes = 1 + strideBytes * (n * followers + follower);
    const ending = afterBytes > headersBytesMax && n % 2 === 1 ? "fin" : "reset";
    const fault = proxy.add(cut({ afterBytes, ending }), { direction: "to-client", connections: "new" });
    await fault.untilStruck();
    cuts.push(afterBytes);
    await fault.remove();
  }
  return cuts;
}

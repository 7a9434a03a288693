/**
 * The React entry in a real browser: hydrated markup under StrictMode, bursts, leaving and coming back, gaps, and a server that is killed.
 * What the page shows is judged against the log. Anything that React or the browser complains about fails the test.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createServer, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import type { Page } from "playwright-core";
import { needs } from "../scripts/test-support/needs.ts";
import type { Scene, stage } from "./pages/react-app.ts";
import type * as Rendering from "./pages/react-server.ts";
import { connectionFaults, openBrowser, type TestBrowser, type TestContext } from "./support/browser.ts";
import { bundle, bundled, type FileServer, htmlPage, serveFiles } from "./support/bundle.ts";
import { fetchLog } from "./support/log.ts";
import { until } from "./support/processes.ts";
import { serve } from "./support/serve.ts";

type Stage = typeof stage;
const encoder = new TextEncoder();

let browser: TestBrowser;
let files: FileServer;
let server: HoldfastServer;
let url: string;

const append = async (stream: string, from: number, to: number): Promise<void> => {
  const entries = Array.from({ length: to - from }, (_, i) => ({ format: "json" as const, payload: encoder.encode(JSON.stringify({ n: from + i + 1 })) }));
  const result = await server.hub.append({ stream, entries });
  assert.ok(result.ok);
};

/** Reads what the page's application has told. */
const read = <T>(page: Page, what: (stage: Stage) => T): Promise<T> => page.evaluate(`(${what})(globalThis.stage)`) as Promise<T>;

const set = (page: Page, scene: Partial<Scene>): Promise<unknown> => page.evaluate(`globalThis.stage.set(${JSON.stringify(scene)})`);

async function open(context: TestContext, scene: Partial<Scene>, server = url): Promise<Page> {
  return context.page(`${files.url}/?${new URLSearchParams({ url: server, scene: JSON.stringify(scene) })}`);
}

/** Waits until the page shows the whole log, then compares them entry by entry. */
async function showsLog(page: Page, stream: string, server = url, withinMs = 10_000): Promise<void> {
  const log = await fetchLog(server, stream);
  await until(`the page shows ${log.length} entries`, async () => (await read(page, ({ view }) => view?.entries.length ?? 0)) >= log.length, withinMs);
  const { entries, count } = await read(page, ({ view }) => ({ entries: view?.entries ?? [], count: view?.count ?? 0 }));
  assert.deepEqual(entries, log, "lost, duplicated or reordered");
  assert.equal(count, log.length, "the reducer saw each entry once");
}

const isLive = (page: Page): Promise<void> => until("the status is live", async () => (await read(page, ({ whole }) => whole?.state)) === "live", 10_000);

/** The versions that applications use, and by which packages they are taken here. */
const versions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "React 19": {},
  "React 18": { react: "react-18", "react-dom": "react-dom-18" },
};

for (const [version, alias] of Object.entries(versions)) {
  describe(`${version} in Chromium`, { skip: needs("chromium") }, () => {
    before(async () => {
      const { rendered } = await bundled<typeof Rendering>(new URL("pages/react-server.ts", import.meta.url), { alias });
      files = await serveFiles({});
      files.set("/", (request, response) => {
        response.setHeader("Content-Type", "text/html; charset=utf-8").end(htmlPage("/main.js", `<div id="root">${rendered(request.url ?? "")}</div>`));
      });
      files.set("/main.js", await bundle(new URL("pages/react.ts", import.meta.url), { alias }));
      const engine = memoryEngine({ env: nodeEnv, policies: [{ pattern: "short/*", entriesMax: 10 }] });
      server = createServer({ engine, options: { port: 0, drainMs: 1, origins: [files.url] } });
      ({ url } = await server.listen());
      browser = await openBrowser();
    });
    after(async () => {
      await browser?.close();
      await server?.close();
      await files?.close();
    });

    it("is the version that is meant", async () => {
      await using context = await browser.context();
      const page = await open(context, {});
      assert.equal(`React ${(await read(page, (stage) => stage.version)).split(".")[0]}`, version);
    });

    it("hydrates what the server rendered without a complaint, over one link and with one subscription", async () => {
      await append("a", 0, 3);
      const accepted = server.hub.counters.linksAccepted;
      await using context = await browser.context();
      const page = await open(context, {});
      await showsLog(page, "a");
      await until("the status is live", async () => (await read(page, ({ whole, view }) => `${whole?.state} ${view?.state}`)) === "live live", 5_000);
      await append("a", 3, 5);
      await showsLog(page, "a");
      assert.equal(await read(page, ({ firstMarkup }) => firstMarkup), "a: 0 entries, last none, 0 gaps, offline", "what the server printed");
      assert.equal(await page.textContent("#reader"), 'a: 5 entries, last {"n":5}, 0 gaps, live');
      assert.match((await page.textContent("#status")) ?? "", /^live since [1-9]/);
      assert.equal(server.hub.counters.linksAccepted - accepted, 1);
      assert.equal(server.stats().subscriptions, 1);
      assert.equal(await read(page, ({ clients }) => clients.size), 1);
      context.assertNoFaults();
    });

    it("renders a burst of 1,000 entries in a few frames, all of them in order", async (t) => {
      await using context = await browser.context();
      const page = await open(context, { name: "burst" });
      await until("the stream is live", async () => (await read(page, ({ view }) => view?.state)) === "live", 5_000);
      const before = await read(page, ({ renders, commits }) => ({ renders, commits }));
      for (let n = 0; n < 1_000; n += 50) await append("burst", n, n + 50);
      await showsLog(page, "burst");
      const after = await read(page, ({ renders, commits }) => ({ renders, commits }));
      t.diagnostic(`1,000 entries: ${after.commits - before.commits} commits, ${after.renders - before.renders} calls of the component under StrictMode`);
      assert.ok(after.commits - before.commits <= 60, `${after.commits - before.commits} commits`);
      assert.ok(after.renders - before.renders <= 150, `${after.renders - before.renders} renders`);
      context.assertNoFaults();
    });

    it("closes the stream with its component and the client with its provider; mounted anew under StrictMode, opens one link and subscribes once", async () => {
      await append("life", 0, 3);
      await using context = await browser.context();
      const page = await open(context, { name: "life" });
      await showsLog(page, "life");
      await set(page, { reader: false });
      await until("the server has no subscription", async () => server.stats().subscriptions === 0, 5_000);
      assert.equal(server.stats().links, 1);
      await set(page, { provider: false });
      await until("the server has no link", async () => server.stats().links === 0, 5_000);
      await append("life", 3, 5);
      const accepted = server.hub.counters.linksAccepted;
      const mounts = await read(page, (stage) => stage.mounts);
      await set(page, { provider: true, reader: true });
      await showsLog(page, "life");
      await append("life", 5, 7);
      await showsLog(page, "life");
      assert.equal((await read(page, (stage) => stage.mounts)) - mounts, 2, "StrictMode runs effects twice");
      assert.equal(server.hub.counters.linksAccepted - accepted, 1);
      assert.deepEqual([server.stats().links, server.stats().subscriptions], [1, 1]);
      assert.equal(await read(page, ({ clients }) => clients.size), 2, "the one that was closed, and one more");
      context.assertNoFaults();
    });

    // Older ones have no parts that are hidden.
    const itHides = version === "React 19" ? it : () => {};
    itHides("goes on where it stood when a hidden part of the page is shown again", async () => {
      await append("hidden", 0, 3);
      await using context = await browser.context();
      const page = await open(context, { name: "hidden" });
      await showsLog(page, "hidden");
      await set(page, { visible: false });
      await until("the server has no subscription", async () => server.stats().subscriptions === 0, 5_000);
      await append("hidden", 3, 6);
      await set(page, { visible: true });
      await showsLog(page, "hidden");
      context.assertNoFaults();
    });

    it("subscribes again when the name or the place changes, and shows nothing of what was before", async () => {
      await append("one", 0, 4);
      await append("two", 0, 5);
      await using context = await browser.context();
      const page = await open(context, { name: "one" });
      await showsLog(page, "one");
      await set(page, { name: "two" });
      await showsLog(page, "two");
      const log = await fetchLog(url, "two");
      await set(page, { from: { after: log[2]?.[0] ?? "" } });
      await until("the page shows the rest", async () => (await read(page, ({ view }) => view?.count)) === 2, 5_000);
      assert.deepEqual(await read(page, ({ view }) => view?.entries), log.slice(3));
      await set(page, { name: null, from: "first" });
      await until("the server has no subscription", async () => server.stats().subscriptions === 0, 5_000);
      assert.deepEqual(await read(page, ({ view }) => view?.entries), []);
      context.assertNoFaults();
    });

    it("shows a gap with what follows it, and clear forgets both", async () => {
      await append("short/a", 0, 1);
      const [[position] = [""]] = await fetchLog(url, "short/a");
      for (let n = 1; n < 100; n++) await append("short/a", n, n + 1);
      await using context = await browser.context();
      const page = await open(context, { name: "short/a", from: { after: position } });
      await showsLog(page, "short/a");
      const view = await read(page, (stage) => stage.view);
      assert.equal(view?.gaps, 1);
      assert.notEqual(view?.gapAfter, null);
      assert.match((await page.textContent("#reader")) ?? "", / entries, last \{"n":100\}, 1 gaps, live$/);
      await read(page, ({ clear }) => clear());
      await append("short/a", 100, 101);
      await until("the page shows the new entry", async () => (await read(page, ({ view }) => view?.entries.length)) === 1, 5_000);
      assert.equal(await read(page, ({ view }) => view?.gaps), 0);
      context.assertNoFaults();
    });

    it("publishes, tells what is pending, and shows a refusal as a result and an error that the next call clears", async () => {
      await using context = await browser.context();
      const page = await open(context, { reader: false });
      await until("the page is hydrated", async () => (await read(page, ({ whole }) => whole)) !== null, 5_000);
      await page.click("button");
      await until("the publish is answered", async () => (await read(page, ({ results }) => results.length)) === 1, 5_000);
      assert.deepEqual(await fetchLog(url, "published"), [[await read(page, ({ results }) => results[0]), "1"]]);
      const refused = await read(page, async ({ publish }) => {
        const result = await publish("x".repeat(300_000));
        return result.ok ? "ok" : result.error.code;
      });
      assert.equal(refused, "entry_too_large");
      await until("the error is shown", async () => (await read(page, ({ calls }) => calls.error)) === "entry_too_large", 5_000);
      await page.click("button");
      await until(
        "the error is gone",
        async () => (await read(page, ({ calls, results }) => `${calls.error} ${calls.pending} ${results.length}`)) === "null 0 2",
        5_000,
      );
      assert.equal(await read(page, ({ pendingMost }) => pendingMost), 1);
      context.assertNoFaults();
    });

    it("shows a stream that cannot be read as an error, and leaves the rest of the page alone", async () => {
      await using context = await browser.context();
      const page = await open(context, { name: "/" });
      await until("the error is shown", async () => (await read(page, ({ view }) => view?.error ?? "")) !== "", 5_000);
      assert.match(await read(page, ({ view }) => view?.error ?? ""), /^\[bad_stream_name\]/);
      await append("fine", 0, 2);
      await set(page, { name: "fine" });
      await showsLog(page, "fine");
      assert.equal(await read(page, ({ view }) => view?.error), null);
      context.assertNoFaults();
    });

    it("loses, repeats and reorders nothing when the server is killed and started again, reading and publishing", async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "holdfast-react-"));
      const flags = ["--data", folder, "--origins", files.url];
      let serving = await serve([...flags, "--port", "0"]);
      flags.push("--port", String(serving.port));
      try {
        await using context = await browser.context();
        const page = await open(context, { name: "published" }, serving.url);
        await isLive(page);
        let total = 0;
        for (let kill = 0; kill < 2; kill++) {
          // Half of what is published meets a server that dies, or none.
          await read(page, ({ publish, results }) => {
            for (let n = 0; n < 100; n++) void publish({ n }).then((result) => results.push(result.ok ? "ok" : result.error.code));
          });
          total += 100;
          await until("some are answered", async () => (await read(page, ({ results }) => results.length)) > total - 100, 10_000);
          await serving.kill("SIGKILL");
          await until("the page knows", async () => (await read(page, ({ whole }) => whole?.state)) === "offline", 10_000);
          serving = await serve(flags);
          await until("all are answered", async () => (await read(page, ({ results }) => results.length)) === total, 20_000);
        }
        assert.deepEqual([...new Set(await read(page, ({ results }) => results))], ["ok"]);
        await showsLog(page, "published", serving.url);
        const { entries, gaps } = await read(page, ({ view }) => ({ entries: view?.entries.length, gaps: view?.gaps }));
        assert.deepEqual([entries, gaps], [total, 0]);
        t.diagnostic(`2 kills, ${total} published and shown: lost 0, duplicated 0, reordered 0`);
        context.assertNoFaults(connectionFaults);
      } finally {
        await serving.kill("SIGKILL");
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}

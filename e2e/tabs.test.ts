/**
 * Tabs of one origin in a real browser: twenty share one link while the leading tab is closed, frozen and hung and the server is killed;
 * what each tab was given is compared with the server's log. And what happens without sharing: the seventh stream of an origin hangs.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ClientOptions } from "@holdfast/client";
import type { Page } from "playwright-core";
import { needs } from "../scripts/test-support/needs.ts";
import type { TabProgram, TabSetup } from "./pages/tabs.ts";
import { connectionFaults, openBrowser, type TestContext } from "./support/browser.ts";
import { bundle, htmlPage, serveFiles } from "./support/bundle.ts";
import { type Serving, serve } from "./support/serve.ts";

const streams = ["tabs/a", "tabs/b", "tabs/c"];

/** Calls a method of the page's program, with arguments that can be cloned. */
function ask<K extends keyof TabProgram>(page: Page, name: K, ...values: Parameters<TabProgram[K]>): Promise<Awaited<ReturnType<TabProgram[K]>>> {
  const call = ([method, given]: readonly [K, unknown[]]): unknown => {
    const { tab } = globalThis as unknown as { tab: Record<K, (...values: unknown[]) => unknown> };
    return tab[method](...given);
  };
  return page.evaluate(call as never, [name, values]) as Promise<Awaited<ReturnType<TabProgram[K]>>>;
}

async function until(what: string, msMax: number, holds: () => Promise<boolean>, describe?: () => Promise<string>): Promise<number> {
  const beganMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - beganMs > msMax) assert.fail(`${what}: not within ${msMax} ms\n${await describe?.()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return performance.now() - beganMs;
}

/** Links as the server counts them, by transport. */
async function links({ admin }: Serving): Promise<Record<string, number>> {
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  return Object.fromEntries([...metrics.matchAll(/^holdfast_links\{transport="(\w+)"\} (\d+)$/gm)].map(([, name, count]) => [name, Number(count)]));
}

/** A stream's whole log: `position data`. */
async function logOf(url: string, stream: string): Promise<string[]> {
  const log: string[] = [];
  for (let after = "first"; ; ) {
    const response = await fetch(`${url}/v1/streams/${stream}?after=${after}&limit=1000`);
    const page = (await response.json()) as { entries: { position: string; data: unknown }[]; next: string; more: boolean };
    log.push(...page.entries.map(({ position, data }) => `${position} ${data}`));
    if (!page.more) return log;
    after = page.next;
  }
}

/** The tabs, and what becomes of them. */
class Fleet {
  readonly #context: TestContext;
  readonly #origin: string;
  pages: Page[] = [];

  constructor(context: TestContext, origin: string) {
    this.#context = context;
    this.#origin = origin;
  }

  async open(count: number, setup: Omit<TabSetup, "name">): Promise<void> {
    const open = async (_: unknown, i: number): Promise<void> => {
      const page = await this.#context.page(this.#origin);
      this.pages.push(page);
      await ask(page, "open", { ...setup, name: `tab${i}` });
    };
    await Promise.all(Array.from({ length: count }, open));
  }

  all<K extends keyof TabProgram>(name: K, ...values: Parameters<TabProgram[K]>): Promise<Awaited<ReturnType<TabProgram[K]>>[]> {
    return Promise.all(this.pages.map((page) => ask(page, name, ...values)));
  }

  /** Takes the leading tab out of the fleet. */
  async takeLeader(): Promise<Page> {
    const leading = await this.all("isLeading");
    assert.equal(leading.filter(Boolean).length, 1, "one tab leads");
    const [leader] = this.pages.splice(leading.indexOf(true), 1);
    return leader as Page;
  }

  async isAllLive(): Promise<boolean> {
    return (await this.all("status")).every(({ state }) => state === "live");
  }

  /** What the tabs say, for a failure's message. */
  async describe(): Promise<string> {
    const said = await Promise.all(
      this.pages.map(async (each) => [
        await ask(each, "counts"),
        await ask(each, "streamStates"),
        await ask(each, "isLeading"),
        ...(await ask(each, "told")).slice(-6),
      ]),
    );
    return said.map((each) => each.join(" ")).join("\n");
  }

  /** The time until every tab has an entry that is published now. */
  async reach(url: string, marker: string, msMax: number): Promise<number> {
    const response = await fetch(`${url}/v1/streams/${streams[0]}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(marker),
    });
    assert.equal(response.status, 200);
    return until(
      `every tab has ${marker}`,
      msMax,
      async () => {
        const got = await this.all("got");
        return got.every((each) => each[streams[0] as string]?.some((line) => line.endsWith(` ${marker}`)));
      },
      () => this.describe(),
    );
  }
}

async function compare(fleet: Fleet, url: string): Promise<{ readonly published: number; readonly deliveries: number }> {
  const answers = await fleet.all("stop");
  assert.deepEqual(
    answers.flatMap(({ failed }) => failed),
    [],
    "publishes that failed",
  );
  const logs = Object.fromEntries(await Promise.all(streams.map(async (stream) => [stream, await logOf(url, stream)] as const)));
  const isDone = async (): Promise<boolean> =>
    (await fleet.all("counts")).every((counts) => counts.every((count, i) => count >= (logs[streams[i] as string]?.length ?? 0)));
  await until("every tab has everything", 10_000, isDone);
  const got = await fleet.all("got");
  for (const each of got) assert.deepEqual(each, logs, "a tab was given something else than the log");
  for (const [stream, log] of Object.entries(logs)) {
    const values = log.map((line) => line.slice(line.indexOf(" ") + 1));
    assert.equal(new Set(values).size, values.length, `${stream} has an entry twice`);
    const inLog = new Set(values);
    for (const { published } of answers)
      for (const line of published) if (line.startsWith(`${stream} `)) assert.ok(inLog.has(line.slice(stream.length + 1)), `lost: ${line}`);
  }
  assert.ok(await fleet.isAllLive());
  const published = answers.flatMap((answer) => answer.published).length;
  return { published, deliveries: got.flatMap((each) => Object.values(each).flat()).length };
}

async function page(): Promise<Awaited<ReturnType<typeof serveFiles>>> {
  return serveFiles({ "/": htmlPage("/main.js"), "/main.js": await bundle(new URL("pages/tabs.ts", import.meta.url)) });
}

it("twenty tabs share one link while leaders are closed, frozen and hung and the server is killed", { skip: needs("chromium") }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tabs-"));
  await using files = await page();
  const start = (port: number): Promise<Serving> => serve(["--port", String(port), "--data", join(folder, "log.db"), "--origins", files.url]);
  let server = await start(0);
  const { url } = server;
  // A page that hangs must not take others with it: a process each.
  await using browser = await openBrowser({ args: ["--renderer-process-limit=100"] });
  await using context = await browser.context();
  try {
    const fleet = new Fleet(context, files.url);
    await fleet.open(20, { url, isShared: true, options: { backoffCapMs: 1_000 }, streams });
    const liveMs = await until(
      "every tab is live",
      10_000,
      () => fleet.isAllLive(),
      () => fleet.describe(),
    );
    assert.deepEqual(await links(server), { websocket: 1 }, "one link for all");
    for (const { transport, lastProofOfLifeMs } of await fleet.all("status")) {
      assert.equal(transport, "shared");
      assert.ok(lastProofOfLifeMs !== null);
    }
    await fleet.all("publish", 500);

    const closed = await fleet.takeLeader();
    await closed.close();
    const closedMs = await fleet.reach(url, "after the leader was closed", 5_000);

    const hung = await fleet.takeLeader();
    const hang = hung.evaluate(() => {
      for (const untilMs = Date.now() + 9_000; Date.now() < untilMs; );
    });
    const hungMs = await fleet.reach(url, "after the leader hung", 9_000);
    assert.deepEqual((await fleet.all("isLeading")).filter(Boolean).length, 1);

    await server.kill("SIGKILL");
    await until("every tab knows that the server is gone", 3_000, async () => (await fleet.all("status")).every(({ state }) => state === "offline"));
    server = await start(server.port);
    const restartedMs = await fleet.reach(url, "after the server was started again", 8_000);

    const frozen = await fleet.takeLeader();
    const devtools = await context.context.newCDPSession(frozen);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    const frozenMs = await fleet.reach(url, "after the leader was frozen", 9_000);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });

    await hang;
    fleet.pages.push(hung, frozen);
    const { published, deliveries } = await compare(fleet, url);
    assert.deepEqual((await fleet.all("isLeading")).filter(Boolean).length, 1);
    const after = await links(server);
    assert.equal(
      Object.values(after).reduce((sum, count) => sum + count, 0),
      1,
      `still one link for all: ${JSON.stringify(after)}`,
    );
    context.assertNoFaults(connectionFaults);
    t.diagnostic(
      `live after ${Math.round(liveMs)} ms; leader closed ${Math.round(closedMs)}, hung ${Math.round(hungMs)}, frozen ${Math.round(frozenMs)}, server killed ${Math.round(restartedMs)} ms`,
    );
    t.diagnostic(`${published} published, ${deliveries} deliveries, lost 0, duplicated 0, reordered 0`);
  } finally {
    await server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

describe("an origin in Chromium", { concurrency: true }, () => {
  it("the browser's channels and locks are what tabs take them for", { skip: needs("chromium") }, async (t) => {
    const script = await bundle(new URL("../packages/client/test/tabs/support/sharing-page.ts", import.meta.url));
    await using files = await serveFiles({ "/": htmlPage("/main.js"), "/main.js": script });
    await using browser = await openBrowser();
    await using context = await browser.context();
    const tab = await context.page(files.url);
    assert.equal(await tab.evaluate("sharing.canShare"), true);
    const names = (await tab.evaluate("sharing.names")) as string[];
    assert.ok(names.length >= 5);
    for (const name of names) await t.test(name, () => tab.evaluate(`sharing.run(${JSON.stringify(name)})`));
    context.assertNoFaults();
  });

  it("the seventh event stream of an origin says why it hangs, and shared tabs need only one", { skip: needs("chromium") }, async (t) => {
    await using files = await page();
    const server = await serve(["--engine", "memory", "--port", "0", "--origins", files.url]);
    await using browser = await openBrowser();
    try {
      const options: ClientOptions = { transports: ["sse"], backoffCapMs: 1_000 };
      const setup = { url: server.url, options, streams: [streams[0] as string] };
      {
        await using context = await browser.context();
        const fleet = new Fleet(context, files.url);
        await fleet.open(6, { ...setup, isShared: false });
        await until(
          "six tabs are live",
          10_000,
          () => fleet.isAllLive(),
          () => fleet.describe(),
        );
        assert.equal((await links(server))["sse"], 6);
        const crowd = new Fleet(context, files.url);
        await crowd.open(1, { ...setup, isShared: false });
        const ms = await until("the seventh says why it is not", 10_000, async () =>
          (await crowd.all("status")).some(({ state, code }) => state === "offline" && code === "origin_connections"),
        );
        t.diagnostic(`the seventh said so after ${Math.round(ms)} ms`);
        assert.ok(!(await crowd.all("told")).flat().includes("live"));
        await fleet.reach(server.url, "to the six", 5_000);
        for (const told of await fleet.all("told")) assert.ok(!told.some((line) => line.includes("origin_connections")), "a sixth needs no seventh connection");
        await fleet.pages.shift()?.close();
        await until("with a place free, the seventh is live", 10_000, () => crowd.isAllLive());
        await crowd.reach(server.url, "to the seventh", 5_000);
        context.assertNoFaults();
      }
      await using context = await browser.context();
      const fleet = new Fleet(context, files.url);
      await fleet.open(8, { ...setup, isShared: true });
      await until(
        "eight tabs are live over one stream",
        10_000,
        () => fleet.isAllLive(),
        () => fleet.describe(),
      );
      await until("one link", 2_000, async () => (await links(server))["sse"] === 1);
      context.assertNoFaults();
    } finally {
      await server.kill("SIGKILL");
    }
  });
});

/**
 * What browsers do to pages, over each transport: the network goes and comes, tabs are hidden, their timers held back, they are frozen, put
 * into the back-forward cache, and the machine sleeps. No frame may show as live what is not proved, and what the page was given is compared
 * with the log: its own entries among them, published all the while.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ClientOptions, Status } from "@holdfast/client";
import { blackHole, type LabProxy, openProxy } from "@holdfast/lab";
import { createServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { needs } from "../scripts/test-support/needs.ts";
import type { LifeProgram } from "./pages/life.ts";
import type { TabProgram, TabSetup } from "./pages/tabs.ts";
import { bundle, type FileServer, htmlPage, serveFiles } from "./support/bundle.ts";
import { fetchLog } from "./support/log.ts";
import { until } from "./support/processes.ts";
import { openRealBrowser, type RealBrowser, type Tab, type TestWindow } from "./support/window.ts";

const transports = ["websocket", "sse", "poll"] as const;
type Transport = (typeof transports)[number];

const heartbeatMs = 1_500;
const probeTimeoutMs = 800;
/** When a silent link is doubted; the status is brought up to date by every beat, so its last proof may look older by one of them. */
const doubtMs = heartbeatMs * 1.1 + 2_000;
const ageMsMax = doubtMs + heartbeatMs * 1.1 + 1_000;
const backMsMax = probeTimeoutMs + 5_000;
/** A dial that is at least so far off would not explain a link that is back. */
const farMs = 5_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let server: ReturnType<typeof createServer>;
let files: FileServer;
let url: string;
let browser: RealBrowser;
const subjects: Subject[] = [];

/** A chain of timers in a page, and whether it stands still: then the next one is up to a minute away. */
const tickSource = "{ globalThis.ticks = 0; const tick = () => { tickedMs = performance.now(); ticks++; setTimeout(tick, 100); }; tick(); }";
const isHeldBack = "performance.now() - tickedMs > 3000";

/**
 * Waits until the timers of a hidden tab are held back, and then for so long that its server would miss its beats: a timer is held back from
 * the fifth in its chain on, so that the beats begin to fail only some beats later.
 */
async function waitHeldBack(tab: Tab): Promise<void> {
  await until("its timers are held back", () => tab.evaluate(isHeldBack), 20_000);
  const ticks = await tab.evaluate<number>("ticks");
  await wait(5 * heartbeatMs);
  const more = (await tab.evaluate<number>("ticks")) - ticks;
  assert.ok(more <= 2, `${more} timers ran meanwhile`);
}

/** One page with one client over one transport, behind a proxy of its own, and somebody who publishes to its stream. */
class Subject implements AsyncDisposable {
  readonly #stream: string;
  #feed: ReturnType<typeof setInterval> | undefined;
  readonly window: TestWindow;
  readonly tab: Tab;
  readonly proxy: LabProxy;
  #fed = 0;

  private constructor(stream: string, window: TestWindow, tab: Tab, proxy: LabProxy) {
    this.#stream = stream;
    this.window = window;
    this.tab = tab;
    this.proxy = proxy;
    this.#follow();
  }

  #follow(): void {
    this.#feed = setInterval(() => {
      const payload = new TextEncoder().encode(JSON.stringify(`fed ${this.#fed++}`));
      void server.hub.append({ stream: this.#stream, entries: [{ format: "json", payload }] });
    }, 100);
  }

  static async open(from: RealBrowser, transport: Transport, options: ClientOptions = {}): Promise<Subject> {
    const window = await from.window();
    const tab = await window.tab(files.url);
    const proxy = await openProxy({ target: { host: "127.0.0.1", port: Number(new URL(url).port) } });
    const stream = `life/${subjects.length}`;
    const subject = new Subject(stream, window, tab, proxy);
    subjects.push(subject); // Whatever fails from here on, `after` ends it.
    const setup: TabSetup = {
      url: proxy.url(""),
      name: "page",
      isShared: false,
      streams: [stream],
      options: { transports: [transport], probeTimeoutMs, ...options },
    };
    await subject.ask("open", setup);
    await subject.isLive("it begins", 5_000);
    assert.equal((await subject.status()).transport, transport);
    await subject.tab.evaluate(`life.watch(${ageMsMax})`);
    return subject;
  }

  ask<K extends keyof TabProgram>(name: K, ...values: Parameters<TabProgram[K]>): Promise<Awaited<ReturnType<TabProgram[K]>>> {
    return this.tab.evaluate(`tab.${name}(${values.map((value) => JSON.stringify(value)).join()})`);
  }
  life<K extends "journal" | "lies" | "wokeMs">(name: K): Promise<ReturnType<LifeProgram[K]>> {
    return this.tab.evaluate(`life.${name}()`);
  }
  status(): Promise<Status> {
    return this.ask("status");
  }

  /** Polls until a fact holds; a failure tells what the page went through. */
  async until(what: string, msMax: number, fact: () => Promise<boolean>): Promise<void> {
    await until(what, fact, msMax).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${(await this.life("journal")).join("\n")}`);
    });
  }

  isLive(what: string, msMax: number): Promise<void> {
    return this.until(`${what}: live`, msMax, async () => (await this.status()).state === "live");
  }

  /** What the client said when an event had been heard, however little before it did already. */
  async saidAt(event: string): Promise<string> {
    const told = (await this.life("journal")).map(([, what]) => what);
    const at = told.lastIndexOf(event);
    assert.ok(at >= 0, `no ${event} in ${told}`);
    const states = (list: string[]): string[] => list.filter((what) => !what.startsWith("("));
    const before = states(told.slice(0, at)).at(-1) ?? "";
    return isDoubt(before) ? before : (states(told.slice(at))[0] ?? before);
  }

  /** When the page ran again, by its clock, after it had stood still for long: what is asked of a frozen page is answered, too. */
  async hasWoken(beganMs: number): Promise<number> {
    await this.until("it runs again", 10_000, async () => ((await this.life("wokeMs")) ?? 0) > beganMs + ageMsMax);
    return (await this.life("wokeMs")) as number;
  }
  nowMs(): Promise<number> {
    return this.tab.evaluate("performance.now()");
  }

  /** What the journal holds after an event, without the times. */
  async since(event: string): Promise<string[]> {
    const told = (await this.life("journal")).map(([, what]) => what);
    assert.ok(told.includes(event), `no ${event} in ${told}`);
    return told.slice(told.lastIndexOf(event) + 1);
  }

  /** The connections of now lose every byte; new ones work. */
  darken(): void {
    const now = new Set(this.proxy.connections);
    this.proxy.add(blackHole(), { connections: (connection) => now.has(connection) });
  }

  /** Readers of the stream as the server has them; the most within half a second, since polls come and go. */
  async readers(): Promise<number> {
    let most = 0;
    for (let n = 0; n < 10; n++) {
      const answer = await fetch(`${url}/v1/streams?prefix=${this.#stream}`);
      const { streams } = (await answer.json()) as { streams: { stream: string; readers: number }[] };
      most = Math.max(most, streams.find(({ stream }) => stream === this.#stream)?.readers ?? 0);
      await wait(50);
    }
    return most;
  }

  /** Both the page and somebody else publish, until `isWhole`. */
  async begin(): Promise<void> {
    clearInterval(this.#feed);
    this.#follow();
    await this.ask("publish", 400);
  }

  /** Everything that was published is in the log once, and the page was given the log. */
  async isWhole(): Promise<void> {
    clearInterval(this.#feed);
    const { published, failed } = await this.ask("stop");
    assert.deepEqual(failed, []);
    const log = (await fetchLog(url, this.#stream)).map(([position, text]) => `${position} ${JSON.parse(text)}`);
    await until("the page has everything", async () => (await this.ask("counts"))[0] === log.length, 5_000).catch(() => {});
    assert.deepEqual((await this.ask("got"))[this.#stream], log, "lost, doubled or out of order");
    const values = log.map((line) => line.slice(line.indexOf(" ") + 1));
    assert.deepEqual(
      values.filter((value) => value.startsWith("page ")),
      published.map((line) => line.slice(line.indexOf(" ") + 1)),
      "publishes are in the log once, in their order",
    );
    assert.equal(values.filter((value) => value.startsWith("fed ")).length, this.#fed);
    assert.deepEqual(this.tab.faults, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#feed);
    await this.proxy.close();
  }
}

describe("the life of a page", { skip: needs("chromium"), concurrency: true }, () => {
  before(async () => {
    files = await serveFiles({ "/": htmlPage("/main.js"), "/away": "away", "/main.js": await bundle(new URL("pages/life.ts", import.meta.url)) });
    server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 1, heartbeatMs, origins: [files.url] } });
    ({ url } = await server.listen());
    browser = await openRealBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
    await server?.close();
    await files?.close();
  });

  for (const transport of transports) {
    it(`${transport}: hidden with its timers held back it keeps its link; shown after its connection went dark, it doubts before it draws`, async () => {
      await using subject = await Subject.open(browser, transport);
      await subject.tab.evaluate(tickSource);
      const { linkId } = await subject.status();
      await subject.window.tab(`${files.url}/away`);
      await waitHeldBack(subject.tab);
      assert.equal((await subject.status()).linkId, linkId, (await subject.life("journal")).join("\n"));
      assert.deepEqual(
        (await subject.since("(hidden)")).filter((what) => !/^(?:live|catching-up)/.test(what)),
        [],
      );
      subject.darken();
      await wait(ageMsMax + 500);
      await subject.tab.toFront();
      await subject.isLive("shown", backMsMax);
      assert.ok(isDoubt(await subject.saidAt("(visible)")), await subject.saidAt("(visible)"));
      assert.deepEqual(await subject.life("lies"), []);
      await subject.isWhole();
    });

    describe(transport, { concurrency: 1 }, () => {
      let subject: Subject;
      before(async () => {
        subject = await Subject.open(browser, transport, { backoffBaseMs: 30_000 });
      });
      after(() => subject?.[Symbol.asyncDispose]());

      it("frozen while its connection goes dark, it doubts before it draws, and catches up", async () => {
        await subject.begin();
        const beganMs = await subject.nowMs();
        subject.darken();
        // Only what is hidden is frozen; and a tab that was frozen in front would count as hidden from then on, its timers held back.
        await subject.window.tab(`${files.url}/away`);
        await subject.tab.send("Page.setWebLifecycleState", { state: "frozen" });
        await wait(ageMsMax + 500);
        await subject.tab.send("Page.setWebLifecycleState", { state: "active" });
        await subject.tab.toFront();
        await subject.hasWoken(beganMs);
        await subject.isLive("thawed", backMsMax);
        assert.ok(isDoubt(await subject.saidAt("(resume)")), await subject.saidAt("(resume)"));
        assert.deepEqual(await subject.life("lies"), []);
        await subject.isWhole();
      });

      it("put into the back-forward cache it leaves the server, and goes on when it is shown again", async () => {
        await subject.begin();
        const readers = await subject.readers();
        await subject.tab.navigate("location.href = '/away'");
        await until("the server has one reader less", async () => (await subject.readers()) < readers, 5_000);
        await wait(1_000);
        await subject.tab.navigate("history.back()");
        const told = (await subject.life("journal")).map(([, what]) => what);
        assert.ok(told.includes("(pagehide persisted)") && told.includes("(pageshow persisted)"), `restored as it was: ${told}; ${subject.tab.notRestored}`);
        await subject.isLive("restored", backMsMax);
        assert.deepEqual(await subject.life("lies"), []);
        await subject.isWhole();
      });

      it("offline is told with its reason, and the network's return does not wait for the next dial", async () => {
        await subject.begin();
        assert.equal(await subject.tab.evaluate("document.visibilityState"), "visible", "its timers are not held back");
        const network = (offline: boolean): Promise<unknown> =>
          subject.tab.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
        await network(true);
        // Chromium ends requests, but says nothing to a WebSocket: only the probe finds out.
        await subject.until("it is offline, and dials no more for a while", 60_000, async () => isFar(await subject.status()));
        const told = await subject.since("(offline)");
        assert.ok(isDoubt(await subject.saidAt("(offline)")), told.join(", "));
        const from = told.findIndex((each) => each.startsWith("offline "));
        assert.match(told[from] ?? "", transport === "websocket" ? /^offline heartbeat_lost/ : /^offline connect_failed/);
        assert.ok(!told.includes("live", from), told.join(", "));
        await network(false);
        await subject.isLive("back online", farMs - 1_000);
        await subject.isWhole();
      });
    });
  }

  it("a hidden leader whose timers are held back keeps the link of all tabs, and the lead", async () => {
    const window = await browser.window();
    const tabs: Tab[] = [];
    const ask = <T>(tab: Tab | undefined, call: string): Promise<T> => (tab as Tab).evaluate<T>(`tab.${call}`);
    const setup: TabSetup = { url, name: "tab", isShared: true, streams: ["life/shared"], options: {} };
    const isLive = async (tab: Tab): Promise<boolean> => (await ask<Status>(tab, "status()")).state === "live";
    for (let n = 0; n < 2; n++) {
      const tab = await window.tab(files.url);
      tabs.push(tab);
      await ask(tab, `open(${JSON.stringify(setup)})`);
      await until("it is live", () => isLive(tab), 10_000);
    }
    const [leader, follower] = tabs;
    assert.equal(await ask(leader, "isLeading()"), true);
    const { linkId } = await ask<Status>(follower, "status()");
    await leader?.evaluate(tickSource);
    await waitHeldBack(leader as Tab);
    assert.equal(
      (await ask<Status>(follower, "status()")).linkId,
      linkId,
      JSON.stringify([await ask(follower, "history()"), await leader?.evaluate("life.journal()"), await follower?.evaluate("life.journal()")], null, 1),
    );
    assert.equal(await ask(leader, "isLeading()"), true);
    await server.hub.append({ stream: "life/shared", entries: [{ format: "json", payload: new TextEncoder().encode("1") }] });
    await until(
      "both are given what comes",
      async () => (await Promise.all(tabs.map((tab) => ask<number[]>(tab, "counts()")))).every(([count]) => count === 1),
      2_000,
    );
    for (const tab of tabs) assert.ok(await isLive(tab));
  });

  it("the machine sleeps while every connection goes dark: a page that wakes says so within a quarter of a second", async () => {
    await using sleeper = await openRealBrowser();
    const all = await Promise.all(transports.map((transport) => Subject.open(sleeper, transport)));
    for (const subject of all) await subject.begin();
    const beganMs = await Promise.all(all.map((subject) => subject.nowMs()));
    for (const subject of all) subject.darken();
    await wait(100); // What is on its way has arrived: bytes that were read late would count as proof.
    await sleeper.stopProcesses();
    await wait(ageMsMax + 1_500);
    sleeper.wakeProcesses();
    for (const [i, subject] of all.entries()) {
      const wokeMs = await subject.hasWoken(beganMs[i] ?? 0);
      const said = async () => (await subject.life("journal")).filter(([atMs]) => atMs > (beganMs[i] ?? 0) + 1_000);
      await subject.until("it says something", backMsMax, async () => (await said()).length > 0);
      await subject.isLive("awake", backMsMax);
      const [[toldMs, told] = [Number.NaN, ""]] = await said();
      assert.ok(isDoubt(told), told);
      assert.ok(toldMs - wokeMs < 250, `${toldMs - wokeMs} ms after it woke`);
      for (const { atMs, ageMs } of await subject.life("lies")) assert.ok(atMs - wokeMs < 250, `drew live ${atMs - wokeMs} ms after it woke, ${ageMs} ms old`);
      await subject.isWhole();
    }
  });
});

const isDoubt = (told: string): boolean => /^(?:stale|offline)/.test(told);
const isFar = ({ state, retryAtMs }: Status): boolean => state === "offline" && retryAtMs !== null && retryAtMs - Date.now() > farMs;

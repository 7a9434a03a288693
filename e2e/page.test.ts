/**
 * The page that `serve` shows, in a real browser: every button is pressed, and the page has to tell the truth about what follows. Its own
 * verdict is not believed: the numbers of the log are counted here too.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { needs } from "../scripts/test-support/needs.ts";
import { connectionFaults, openBrowser, type TestBrowser, type TestContext } from "./support/browser.ts";
import { until as untilWithin } from "./support/processes.ts";
import { type Serving, serve } from "./support/serve.ts";

/** A link is doubted after 2.55 s of silence and given up a second later; a pause lasts 3.05 s. */
const heartbeatMs = 500;

let folder: string;
let flags: string[];
let server: Serving;
let browser: TestBrowser;
let context: TestContext;
let page: Page;

const until = (what: string, fact: () => Promise<boolean>, withinMs = 8_000): Promise<void> => untilWithin(what, fact, withinMs);
const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? "";
const count = async (id: string): Promise<number> => Number((await text(id)).replaceAll(",", ""));
const state = async (): Promise<string | null> => page.getAttribute("#status", "data-state");
const events = (): Promise<string[]> => page.locator("#events li span").allTextContents();
const press = (cut: string): Promise<void> => page.click(`#cut-${cut}`);
const live = (withinMs = 12_000): Promise<void> => until("the page says live", async () => (await state()) === "live", withinMs);

/** Every state that the page shows from now on, each once in a row. */
async function watchStates(): Promise<() => Promise<string[]>> {
  await page.evaluate(`
    globalThis.seen = [];
    globalThis.watch?.disconnect();
    globalThis.watch = new MutationObserver(() => {
      const { state } = document.getElementById("status").dataset;
      if (seen.at(-1) !== state) seen.push(state);
    });
    watch.observe(document.getElementById("status"), { attributes: true });`);
  return () => page.evaluate("seen") as Promise<string[]>;
}

async function newestNumber(): Promise<number> {
  const answer = (await (await fetch(`${server.url}/v1/streams/page/numbers?after=last:1`)).json()) as { entries: { data: { number: number } }[] };
  return answer.entries[0]?.data.number ?? 0;
}

/** The page has all that the log has, compared it after now, and found nothing wrong. */
async function isWhole(firstNumber: number): Promise<void> {
  const newest = await newestNumber();
  await until("all entries are received", async () => (await count("received")) >= newest - firstNumber);
  await until("they are compared", async () => Number(/^[\d,]+/.exec(await text("verdict-text"))?.[0].replaceAll(",", "")) >= newest - firstNumber, 12_000);
  assert.deepEqual(await Promise.all(["lost", "duplicated", "reordered", "gaps"].map(count)), [0, 0, 0, 0], await text("verdict-text"));
  assert.equal(await page.getAttribute("#verdict", "data-verdict"), "clean");
}

describe("the page", { skip: needs("chromium"), concurrency: 1 }, () => {
  let firstNumber = 0;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));
    flags = ["--data", join(folder, "data"), "--heartbeat-ms", String(heartbeatMs)];
    [server, browser] = await Promise.all([serve([...flags, "--port", "0"], true), openBrowser()]);
    flags.push("--port", String(server.port));
    context = await browser.context({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
    page = await context.page(server.url);
  });
  after(async () => {
    await browser?.close();
    await server?.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows a live link and moving charts, compares with the log, and nothing complains", async () => {
    await live();
    assert.equal(await page.locator("#charts figure").count(), 6);
    await until("entries come", async () => (await count("received")) >= 10);
    firstNumber = (await newestNumber()) - (await count("received")) - 2;
    await until("a comparison", async () => /compared with the log at \d\d:\d\d:\d\d/.test(await text("verdict-text")));
    const drawn = (): Promise<string | null> => page.locator("#charts path.line").first().getAttribute("d");
    const before = await drawn();
    await until("the chart moves", async () => (await drawn()) !== before);
    assert.equal(await text("transport"), "WebSocket");
    assert.equal(await text("plain-state"), "OPEN");
    context.assertNoFaults();
  });

  it("black hole: doubts, gives up, dials and catches up by itself, while the plain WebSocket says OPEN for ever", async () => {
    const states = await watchStates();
    await press("black-hole");
    await until("the hole is noticed", async () => (await states()).includes("offline"), 10_000);
    await live();
    const seen = (await states()).filter((each) => each !== "catching-up");
    assert.deepEqual(seen, ["live", "stale", "offline", "live"].slice(seen[0] === "live" ? 0 : 1));
    await until("the catching up is told", async () => (await events()).some((event) => /^Caught up: \d+ entries in/.test(event)));
    const noticed = (await events()).map((event) => /^Noticed (\d+\.\d) s after the last byte/.exec(event)?.[1]).find((each) => each !== undefined);
    assert.ok(Number(noticed) >= 3.4 && Number(noticed) <= 5.5, `noticed after ${noticed} s`);
    assert.equal(await text("plain-state"), "OPEN");
    assert.match(await text("plain-text"), /Last message \d+\.\d s ago.*never heard of a close/);
    assert.match(await text("wire-text"), /dark, [\d.]+ K?B swallowed/);
    await page.click("#plain-reload");
    await until("the plain socket says what it missed", async () => /\d+ entries missed for good/.test(await text("plain-text")));
    await isWhole(firstNumber);
  });

  it("reset: noticed at once, and resumed", async () => {
    const states = await watchStates();
    await press("reset");
    await until("the reset is noticed", async () => (await states()).includes("offline"), 3_000);
    await live();
    assert.ok(!(await states()).includes("stale"));
    assert.ok((await events()).some((event) => event.startsWith("Noticed at once: the link is gone")));
    await isWhole(firstNumber);
  });

  it("pause: the client asks before it judges, and the same link goes on", async () => {
    const links = (await events()).filter((event) => event.startsWith("New link")).length;
    const states = await watchStates();
    await press("pause");
    await until("the silence is doubted", async () => (await states()).includes("stale"), 6_000);
    await live();
    assert.ok(!(await states()).includes("offline"));
    assert.ok((await events()).some((event) => event.startsWith("Proof of life came: the same link goes on")));
    assert.equal((await events()).filter((event) => event.startsWith("New link")).length, links);
    await isWhole(firstNumber);
  });

  it("unplug: dials until it is plugged in again", async () => {
    await press("unplug");
    await until("the silence is noticed", async () => (await state()) === "offline", 10_000);
    await until("the button says how to undo it", async () => (await text("cut-unplug")) === "Plug in");
    assert.equal(await page.getAttribute("#cut-unplug", "aria-pressed"), "true");
    assert.match(await text("behind"), /^[1-9]\d* entries$/);
    assert.equal(await text("attempt"), "1");
    await until("a dial is under way", async () => (await text("dial")) === "now");
    // The pointer rests on the button that was pressed: what it says has to be read there, too.
    const { ink, ground } = (await page.evaluate(`(() => {
      const { color, backgroundColor } = getComputedStyle(document.getElementById("cut-unplug"));
      const light = (rgb) => rgb.match(/\\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) / 765;
      return { ink: light(color), ground: light(backgroundColor) };
    })()`)) as { ink: number; ground: number };
    assert.ok(Math.abs(ink - ground) > 0.5, `${ink} on ${ground}`);
    await press("unplug");
    await live();
    assert.equal(await text("cut-unplug"), "Unplug");
    await isWhole(firstNumber);
  });

  it("buffer: SSE is held back, the status says so, and long-poll carries on; undone, the client chooses again", async () => {
    await press("buffer");
    await until("the fallback", async () => (await text("transport")) === "long-poll", 12_000);
    await live();
    assert.match(await text("reason"), /response_buffered/);
    await isWhole(firstNumber);
    await press("buffer");
    await until("the better transport", async () => (await text("transport")) === "WebSocket", 12_000);
    await live();
    await isWhole(firstNumber);
  });

  it("a restart of the server: the wire is laid again, and the page goes on where it was", async () => {
    await server.kill("SIGKILL");
    await until("the silence past the wire is told", async () => (await text("wire-text")).startsWith("The server does not answer"), 10_000);
    server = await serve(flags, true);
    // A server that is long in coming has backed the client off, by up to half a minute.
    await live(40_000);
    await until("the new wire", async () => /every byte passes/.test(await text("wire-text")));
    await isWhole(firstNumber);
    // Nothing but what a browser says of connections that broke, and of a token from before the restart.
    context.assertNoFaults([...connectionFaults, /status of 403/]);
  });

  describe("other windows of it", { concurrency: true }, () => {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`fits a phone, ${colorScheme}, without a sideways scroll`, async () => {
        await using phone = await browser.context({ viewport: { width: 360, height: 740 }, colorScheme, reducedMotion: "reduce" });
        const small = await phone.page(server.url);
        await small.waitForSelector('#status[data-state="live"]');
        assert.ok(((await small.evaluate("document.documentElement.scrollWidth")) as number) <= 360);
        const ground = (): Promise<string> => small.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;
        const before = await ground();
        await small.getByRole("radio", { name: colorScheme === "light" ? "Dark" : "Light" }).check();
        assert.notEqual(await ground(), before);
        phone.assertNoFaults();
      });
    }

    it("is used with the keyboard alone, and its two tabs have a wire each", async () => {
      await using other = await browser.context();
      const tab = await other.page(server.url);
      await tab.waitForSelector('#status[data-state="live"]');
      const focused = (): Promise<string> => tab.evaluate("document.activeElement.id") as Promise<string>;
      await tab.keyboard.press("Tab");
      await tab.keyboard.press("Enter"); // The first stop leads to the buttons.
      await tab.keyboard.press("Tab");
      assert.equal(await focused(), "cut-black-hole");
      assert.notEqual(await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "none");
      for (let i = 0; i < 2; i++) await tab.keyboard.press("Tab");
      assert.equal(await focused(), "cut-reset");
      const before = await events();
      await tab.keyboard.press("Enter");
      await until("the reset is told", async () => (await tab.locator("#events li span").allTextContents()).some((event) => event.startsWith("Reset: RST")));
      await tab.waitForSelector('#status[data-state="live"]');
      assert.deepEqual(await events(), before);
      assert.match((await tab.textContent("#announcement")) ?? "", /^(?:Live|Offline|Catching up)\. /);
      other.assertNoFaults(connectionFaults);
    });
  });
});

/**
 * Headless Chromium for tests: a fresh profile, no network of its own, and a record of everything that a page complained about.
 * It must never outlive its test: `await using` closes it, and the profile folder goes with it.
 */
import assert from "node:assert/strict";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type LaunchOptions, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";

// Chromium looks up its maker's hosts at every start unless told not to, and its sandbox does not run as root.
const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const startMsMax = 30_000;

export interface TestBrowserOptions {
  /** More flags of Chromium. */
  readonly args?: readonly string[];
  /** Flags of the driver's that are left out, such as `--disable-back-forward-cache`. */
  readonly withoutArgs?: readonly string[];
}

/** Something that a page complained about: `console` is console.error, `page` an exception that nobody caught. */
export interface PageFault {
  readonly kind: "console" | "page" | "crash";
  readonly text: string;
  readonly url: string;
}

/** A context of its own: cookies, storage, locks and channels are shared by its pages and by nobody else. */
export interface TestContext extends AsyncDisposable {
  readonly context: BrowserContext;
  /** Everything that its pages and workers complained about, oldest first. */
  readonly faults: readonly PageFault[];
  /** Opens a tab; with an address, navigates and waits for `load`. */
  page(url?: string): Promise<Page>;
  /**
   * Fails when a page has complained. A refused or broken connection is a console error of the browser itself: a test that cuts
   * connections names those it expects.
   */
  assertNoFaults(expected?: readonly RegExp[]): void;
  close(): Promise<void>;
}

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser;
  context(options?: BrowserContextOptions): Promise<TestContext>;
  /** Closes every context, the browser, and removes its profile folder. Twice is once. */
  close(): Promise<void>;
}

/** What Chromium itself logs when a connection is refused or breaks. */
export const connectionFaults: readonly RegExp[] = [/^WebSocket connection to '.*' failed/, /^Failed to load resource: net::ERR_/];

/** Starts Chromium. A test that calls it says `skip: needs("chromium")`. */
export async function openBrowser(options: TestBrowserOptions = {}): Promise<TestBrowser> {
  const launch: LaunchOptions = {
    executablePath,
    headless: true,
    chromiumSandbox: false,
    args: [...flags, ...(options.args ?? [])],
    timeout: startMsMax,
    ...(options.withoutArgs === undefined ? {} : { ignoreDefaultArgs: [...options.withoutArgs] }),
  };
  // The driver makes a folder for each launch under the system's temporary one, and removes it when the browser is gone.
  const browser = await chromium.launch(launch);
  const close = (): Promise<void> => browser.close();
  return { browser, context: (given) => openContext(browser, given), close, [Symbol.asyncDispose]: close };
}

async function openContext(browser: Browser, options?: BrowserContextOptions): Promise<TestContext> {
  const context = await browser.newContext(options);
  const faults: PageFault[] = [];
  context.on("console", (message) => {
    if (message.type() === "error") faults.push({ kind: "console", text: message.text(), url: message.page()?.url() ?? "" });
  });
  context.on("weberror", (raised) => {
    const error = raised.error();
    faults.push({ kind: "page", text: error.stack ?? error.message, url: raised.page()?.url() ?? "" });
  });
  context.on("page", (page) => {
    page.on("crash", () => faults.push({ kind: "crash", text: "the page crashed", url: page.url() }));
  });
  const close = (): Promise<void> => context.close();
  return {
    context,
    faults,
    page: async (url) => {
      const page = await context.newPage();
      if (url !== undefined) await page.goto(url);
      return page;
    },
    assertNoFaults: (expected = []) => {
      const unexpected = faults.filter(({ kind, text }) => kind !== "console" || !expected.some((pattern) => pattern.test(text)));
      assert.deepEqual(unexpected, [], "pages complained");
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

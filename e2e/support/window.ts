/**
 * A window of Chromium with tabs as people have them: the one in front is visible, the others are hidden, throttled, frozen, and put into the
 * back-forward cache. The driver's own pages are made to believe that they are always in front, so these are driven past it.
 * It must never outlive its browser, and leaves nothing stopped: `wakeProcesses` is called by whoever called `stopProcesses`.
 */
import { openBrowser, type TestBrowser } from "./browser.ts";

/** Flags with which the driver switches off what these tests are about. */
const leftOut = [
  "--disable-back-forward-cache",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];
/** Timers of a page that was hidden for this long fire once a minute; people wait five minutes for it. */
const throttling = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1";

const commandMsMax = 20_000;

/** A session of the browser's devtools. The driver's types know neither messages to sub-sessions nor targets of others. */
interface Devtools {
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  on(event: string, listener: (params: Record<string, string>) => void): void;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly type?: string; readonly args?: readonly { readonly value?: unknown }[]; readonly exceptionDetails?: unknown };
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One tab. */
export interface Tab {
  /** Sends a devtools command to the page. */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** The value of an expression, awaited, by way of JSON. Rejects when it throws. */
  evaluate<T = unknown>(expression: string): Promise<T>;
  /** Runs an expression that navigates, and resolves when it did. Nothing is asked of the page meanwhile: what runs in a page that is put away ends it. */
  navigate(expression: string): Promise<void>;
  /** Makes it the visible tab of its window. */
  toFront(): Promise<void>;
  /** Why the page was not restored from the back-forward cache, of the navigations that might have been. */
  readonly notRestored: readonly string[];
  /** console.error and exceptions that nobody caught. */
  readonly faults: readonly string[];
}

/** A window: its tabs share storage, locks and channels with each other and with nobody else. */
export interface TestWindow {
  /** Opens a tab in front of the others, and waits until it is loaded. */
  tab(url: string): Promise<Tab>;
}

export interface RealBrowser extends AsyncDisposable {
  window(): Promise<TestWindow>;
  /** Every process of the browser stops, as when the machine sleeps. */
  stopProcesses(): Promise<void>;
  wakeProcesses(): void;
}

/** Starts Chromium with everything that it does to hidden pages. A test that calls it says `skip: needs("chromium")`. */
export async function openRealBrowser(): Promise<RealBrowser> {
  const browser: TestBrowser = await openBrowser({ withoutArgs: leftOut, args: [throttling] });
  const devtools = (await browser.browser.newBrowserCDPSession()) as unknown as Devtools;
  const sessions = new Map<string, (message: string) => void>();
  devtools.on("Target.receivedMessageFromTarget", ({ sessionId = "", message = "" }) => sessions.get(sessionId)?.(message));
  let stopped: number[] = [];
  const wakeProcesses = (): void => {
    for (const pid of stopped.splice(0)) signal(pid, "SIGCONT");
  };
  return {
    async window() {
      const { browserContextId } = await devtools.send("Target.createBrowserContext");
      return {
        async tab(url) {
          const { targetId } = await devtools.send("Target.createTarget", { url: "about:blank", browserContextId });
          const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
          const tab = new DrivenTab(devtools, sessionId as string);
          sessions.set(sessionId as string, (message) => tab.take(message));
          await tab.go(url);
          return tab;
        },
      };
    },
    async stopProcesses() {
      const { processInfo } = (await devtools.send("SystemInfo.getProcessInfo")) as { processInfo: { id: number }[] };
      stopped = processInfo.map(({ id }) => id);
      for (const pid of stopped) signal(pid, "SIGSTOP");
    },
    wakeProcesses,
    async [Symbol.asyncDispose]() {
      wakeProcesses();
      await browser.close();
    },
  };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}

class DrivenTab implements Tab {
  readonly #devtools: Devtools;
  readonly #session: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;
  #loaded: () => void = () => {};
  #navigated: () => void = () => {};
  readonly faults: string[] = [];
  readonly notRestored: string[] = [];

  constructor(devtools: Devtools, session: string) {
    this.#devtools = devtools;
    this.#session = session;
  }

  take(message: string): void {
    const answer = JSON.parse(message) as Answer;
    const { id, method, params } = answer;
    if (id !== undefined) this.#waiting.get(id)?.(answer);
    else if (method === "Page.loadEventFired") this.#loaded();
    else if (method === "Page.frameNavigated") this.#navigated();
    else if (method === "Page.backForwardCacheNotUsed") this.notRestored.push(JSON.stringify(params));
    else if (method === "Runtime.exceptionThrown") this.faults.push(JSON.stringify(params?.exceptionDetails));
    else if (method === "Runtime.consoleAPICalled" && params?.type === "error") this.faults.push(JSON.stringify(params.args?.map(({ value }) => value)));
  }

  async go(url: string): Promise<void> {
    await Promise.all([this.send("Page.enable"), this.send("Runtime.enable"), this.send("Network.enable")]);
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    await this.send("Page.navigate", { url });
    await loaded;
  }

  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer of the page within ${commandMsMax} ms`)), commandMsMax);
      this.#waiting.set(id, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.#devtools.send("Target.sendMessageToTarget", { sessionId: this.#session, message: JSON.stringify({ id, method, params }) }).catch(reject);
    });
    this.#waiting.delete(id);
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result ?? {};
  }

  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true })) as {
      result?: { value?: T };
      exceptionDetails?: unknown;
    };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result?.value as T;
  }

  async navigate(expression: string): Promise<void> {
    const navigated = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${expression}: no navigation within ${commandMsMax} ms`)), commandMsMax);
      this.#navigated = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    // From a timer, so that the answer does not meet the navigation.
    await Promise.all([navigated, this.evaluate(`void setTimeout(() => { ${expression} })`)]);
  }

  async toFront(): Promise<void> {
    await this.send("Page.bringToFront");
  }
}

/**
 * Headless Firefox for tests, driven over WebDriver BiDi by the few commands that they need: a tab, an address, an expression.
 * It reaches loopback only, and must never outlive its test: `await using` ends it, and its profile folder goes with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const executablePath = "/usr/bin/firefox-esr";
const startMsMax = 60_000;
const commandMsMax = 30_000;
const endMsMax = 10_000;

// Whatever is not loopback goes to a proxy that is not there, so that nothing of the browser's own leaves the machine or waits.
const preferences: Readonly<Record<string, string | number | boolean>> = {
  "network.proxy.type": 1,
  "network.proxy.http": "127.0.0.1",
  "network.proxy.http_port": 9,
  "network.proxy.ssl": "127.0.0.1",
  "network.proxy.ssl_port": 9,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "app.update.disabledForTesting": true,
  "app.normandy.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "browser.startup.page": 0,
  "browser.newtabpage.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.server": "",
  "dom.push.connection.enabled": false,
};

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly message?: string;
}

/** One tab of a Firefox of its own. */
export interface FirefoxPage extends AsyncDisposable {
  readonly version: string;
  /** What pages logged as errors, and exceptions that nobody caught. */
  readonly faults: readonly string[];
  goto(url: string): Promise<void>;
  /** The value of an expression in the page, by way of JSON. Rejects when it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Ends the browser and removes its profile. Twice is once. */
  close(): Promise<void>;
}

/** Starts Firefox. A test that calls it says `skip: needs("firefox")`. */
export async function openFirefox(): Promise<FirefoxPage> {
  const profile = mkdtempSync(join(tmpdir(), "holdfast-firefox-"));
  writeFileSync(join(profile, "user.js"), preferenceLines());
  const child = spawn(executablePath, ["--headless", "--no-remote", "--new-instance", "--profile", profile, "--remote-debugging-port", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
    // Its helper processes are in its group, and go with it.
    detached: true,
    env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  const end = (): Promise<void> => endProcess(child, profile);
  try {
    const driver = await Driver.connect(`${await listening(child)}/session`);
    return await openPage(driver, end);
  } catch (error) {
    await end();
    throw error;
  }
}

const preferenceLines = (): string =>
  Object.entries(preferences)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join("");

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`Firefox did not listen in time: ${said}`)), startMsMax);
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`Firefox ended (${signal ?? code}): ${said}`)));
    child.stderr?.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(-10_000);
      const url = /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}

async function endProcess(child: ChildProcess, profile: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = once(child, "exit");
    const group = -child.pid;
    process.kill(group, "SIGTERM");
    const force = setTimeout(() => process.kill(group, "SIGKILL"), endMsMax);
    await ended;
    clearTimeout(force);
  }
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** One session of WebDriver BiDi: commands with answers, and events. */
class Driver {
  readonly #ws: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #ids = 0;
  onEvent: (method: string, params: Record<string, unknown>) => void = () => {};

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.onmessage = ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id === undefined) this.onEvent(answer.method ?? "", answer.params ?? {});
      else this.#waiting.get(answer.id)?.(answer);
    };
  }

  static connect(url: string): Promise<Driver> {
    const ws = new WebSocket(url);
    return new Promise((resolve, reject) => {
      ws.onopen = () => resolve(new Driver(ws));
      ws.onerror = () => reject(new Error(`no WebDriver BiDi at ${url}`));
    });
  }

  call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} was not answered in time`)), commandMsMax);
      this.#waiting.set(id, ({ type, result, message }) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (type === "success") resolve(result ?? {});
        else reject(new Error(`${method}: ${message}`));
      });
      this.#ws.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#ws.close();
  }
}

async function openPage(driver: Driver, end: () => Promise<void>): Promise<FirefoxPage> {
  const { capabilities } = (await driver.call("session.new", { capabilities: {} })) as { capabilities: { browserVersion: string } };
  const { context } = await driver.call("browsingContext.create", { type: "tab" });
  const faults: string[] = [];
  driver.onEvent = (method, params) => {
    if (method === "log.entryAdded" && params["level"] === "error") faults.push(String(params["text"]));
  };
  await driver.call("session.subscribe", { events: ["log.entryAdded"] });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= driver
      .call("browser.close")
      .catch(() => {}) // What does not end by itself is ended.
      .then(() => {
        driver.close();
        return end();
      });
    return closing;
  };
  return {
    version: capabilities.browserVersion,
    faults,
    goto: async (url) => void (await driver.call("browsingContext.navigate", { context, url, wait: "complete" })),
    evaluate: async (expression) => {
      const wrapped = `(async () => JSON.stringify(await (${expression})))()`;
      const answer = await driver.call("script.evaluate", { expression: wrapped, target: { context }, awaitPromise: true });
      if (answer["type"] !== "success") throw new Error(`the page threw: ${(answer["exceptionDetails"] as { text: string }).text}`);
      const { value } = answer["result"] as { value?: string };
      return value === undefined ? undefined : JSON.parse(value);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

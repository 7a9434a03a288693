/**
 * The page that `serve` shows at `/`: its files, the lines that it can cut, and the numbered entries that it checks itself with.
 * Nothing of it runs before somebody opens it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, type Rng, randomId } from "@holdfast/protocol";
import type { Engine, HoldfastServer } from "@holdfast/server";
import type { PageFiles } from "../adapters/page-files.ts";
import { type ControlParts, control, refuse } from "./control.ts";
import { pageHeaders } from "./headers.ts";
import { Lines } from "./lines.ts";
import { numbersIntervalMs, numbersStream, type Publisher, startPublisher } from "./publisher.ts";

/** Between two pauses of the server the page has this long to be served. */
const pauseGapMs = 3_000;

export interface PageParts {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Reads the files of the page: once, when it is first asked for. Throws when the installation is not whole. */
  readFiles(): PageFiles;
  /** Stops this process's thread for so long. */
  stall(ms: number): void;
  report(event: { readonly event: string; readonly [fact: string]: unknown }): void;
}

/** What is known once the server listens. */
export interface PageServer {
  readonly server: HoldfastServer;
  readonly engine: Engine;
  readonly engineName: string;
  readonly port: number;
  readonly vitals: boolean;
}

interface Shown {
  readonly parts: ControlParts;
  readonly publisher: Publisher;
}

export class Page {
  readonly #parts: PageParts;
  #shown: Shown | null = null;
  #files: PageFiles | null = null;
  #pausedUntilMs = -Infinity;

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  /** The server listens: the page can be shown from now on. */
  open({ server, engine, engineName, port, vitals }: PageServer): void {
    const { clock, rng } = this.#parts;
    const { host, heartbeatMs } = server.options;
    const lines = new Lines({ clock, target: { host, port }, newId: () => randomId(rng, 16) });
    const config = {
      token: randomId(rng, 32),
      lineHost: host,
      numbersStream,
      numbersPerSecond: 1_000 / numbersIntervalMs,
      vitals,
      heartbeatMs,
      probeTimeoutMs: probeMsFor(heartbeatMs),
      pauseMs: pauseMsFor(heartbeatMs),
      engine: engineName,
    };
    const publisher = startPublisher({
      clock,
      wanted: () => lines.count > 0,
      newest: () => newestNumber(engine),
      store: async (payload) => (await server.hub.append({ stream: numbersStream, entries: [{ format: "json", payload }] })).ok,
    });
    this.#shown = { parts: { config, lines, begun: publisher.begun, pause: (ms) => this.#pause(ms) }, publisher };
  }

  /** Answers what is the page's; false for everything else. For `createServer({ fallback })`. */
  readonly fallback = (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? "/").split("?")[0] as string;
    if (path !== "/" && !path.startsWith("/page/")) return false;
    const shown = this.#shown;
    if (shown === null) refuse(response, "draining", "the page is not open");
    else if (!this.#sendFile(path, request, response, shown)) void control(shown.parts, path, request, response);
    return true;
  };

  /** Closes lines, and ends the numbered entries. */
  async close(): Promise<void> {
    const shown = this.#shown;
    this.#shown = null;
    await Promise.all([shown?.publisher.stop(), shown?.parts.lines.close()]);
  }

  #sendFile(path: string, request: IncomingMessage, response: ServerResponse, { parts }: Shown): boolean {
    try {
      this.#files ??= this.#parts.readFiles();
    } catch (thrown) {
      this.#parts.report({ event: "page_failed", message: (thrown as Error).message });
      refuse(response, "internal", "the files of the page cannot be read");
      return true;
    }
    const file = this.#files.files.get(path);
    if (file === undefined) return false;
    if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, "method_not_allowed");
      return true;
    }
    const headers = { ...pageHeaders(this.#files.inlineHashes, parts.config.lineHost), "Content-Type": file.type, "Content-Length": String(file.body.length) };
    response.writeHead(200, headers);
    response.end(request.method === "HEAD" ? undefined : file.body);
    return true;
  }

  /** The answer leaves first. */
  #pause(ms: number): boolean {
    const { clock, report, stall } = this.#parts;
    if (clock.monoMs() < this.#pausedUntilMs + pauseGapMs) return false;
    this.#pausedUntilMs = clock.monoMs() + ms;
    report({ event: "pausing", ms });
    clock.after(50, () => {
      stall(ms);
      this.#pausedUntilMs = clock.monoMs();
      report({ event: "going_on" });
    });
    return true;
  }
}

/** Long enough for a client to ask whether the server is alive, and half as long as it waits for the answer. */
export function pauseMsFor(heartbeatMs: number): number {
  return Math.round(heartbeatMs * 1.1 + 2_000 + probeMsFor(heartbeatMs) / 2);
}

/** How long the page's client waits for the answer to a probe: the client's default, less with a heartbeat that is short. */
export function probeMsFor(heartbeatMs: number): number {
  return Math.min(5_000, Math.max(1_000, heartbeatMs));
}

async function newestNumber(engine: Engine): Promise<number> {
  const { entries } = await engine.read(numbersStream, { from: { last: 1 }, entriesMax: 1, bytesMax: 1_024 });
  const newest = entries[0];
  if (newest === undefined) return 0;
  // Anybody may publish to the stream; what is no number is not counted on.
  const { number } = JSON.parse(Buffer.from(newest.payload).toString("utf8")) as { number?: unknown };
  return Number.isSafeInteger(number) ? (number as number) : 0;
}

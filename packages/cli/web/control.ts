/**
 * The page's unharmed path: the control interface and the log, asked over HTTP on the server's own port, past the wire that is cut.
 * It must never throw for what a server that is stopped, paused or restarted does: that is an answer too.
 */

export interface Config {
  readonly token: string;
  readonly lineHost: string;
  readonly numbersStream: string;
  readonly numbersPerSecond: number;
  readonly vitals: boolean;
  readonly heartbeatMs: number;
  readonly probeTimeoutMs: number;
  readonly pauseMs: number;
  readonly engine: string;
}

export interface LineFacts {
  readonly id: string;
  readonly port: number;
  readonly cuts: readonly string[];
  readonly connections: number;
  readonly dark: number;
  readonly swallowedBytes: number;
  readonly heldBytes: number;
}

/** `silent`: no answer, in time or at all. `stale`: the server is a new one, and so its token. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: "silent" | "stale" | "absent" | "refused" };

/** A page of the log, positions only. */
export interface LogPage {
  readonly entries: readonly { readonly position: string; readonly data: unknown }[];
  readonly next: string;
  readonly more: boolean;
}

const timeoutMs = 4_000;

async function ask<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { ...init, cache: "no-store", signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return { ok: true, value: (await response.json()) as T };
    return { ok: false, why: response.status === 403 ? "stale" : response.status === 404 ? "absent" : "refused" };
  } catch {
    return { ok: false, why: "silent" };
  }
}

export const readConfig = (): Promise<Answer<Config>> => ask<Config>("/page/config");

const streamPath = (stream: string): string => `/v1/streams/${stream.split("/").map(encodeURIComponent).join("/")}`;

/** The log after a position (or `now`, `last:N`). */
export function readLog(stream: string, after: string, limit = 1_000): Promise<Answer<LogPage>> {
  return ask<LogPage>(`${streamPath(stream)}?after=${encodeURIComponent(after)}&limit=${limit}`);
}

/** The control interface of one server, until it restarts. */
export class Control {
  readonly #token: string;

  constructor({ token }: Config) {
    this.#token = token;
  }

  /** @param port the port of this tab's line before the server restarted; null for a new tab */
  openLine(port: number | null): Promise<Answer<LineFacts>> {
    return this.#post("/page/lines", port === null ? {} : { port });
  }

  line(id: string): Promise<Answer<LineFacts>> {
    return ask(`/page/lines/${id}`, { headers: this.#headers });
  }

  /** @param cut a name of the cuts, or "mend" */
  cut(line: string, cut: string): Promise<Answer<LineFacts>> {
    return this.#post("/page/faults", { line, cut });
  }

  pause(): Promise<Answer<{ readonly pauseMs: number }>> {
    return this.#post("/page/faults", { cut: "pause" });
  }

  #post<T>(path: string, body: object): Promise<Answer<T>> {
    return ask(path, { method: "POST", headers: { ...this.#headers, "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  get #headers(): Record<string, string> {
    return { "X-Holdfast-Page": this.#token };
  }
}

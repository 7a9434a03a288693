/**
 * The control interface of the page: open a line, look at it, cut it, mend it, pause the server. Small JSON over HTTP on the server's own
 * port, which no cut touches. Every request needs the token that only a page of this server can have read.
 *
 *   GET  /page/config        what the page has to know, the token with it
 *   POST /page/lines         { port? }             -> the line's facts
 *   GET  /page/lines/ID                            -> the line's facts
 *   POST /page/faults        { line, cut }         -> the line's facts; cut: a name of cuts.ts, "mend", or "pause" (of the whole server)
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Code, codes } from "@holdfast/protocol";
import { cutNamed } from "./cuts.ts";
import { privateHeaders } from "./headers.ts";
import type { LineFacts, Lines } from "./lines.ts";

/** A body of the control interface is a few words. */
const bodyBytesMax = 1_024;
const tokenHeader = "x-holdfast-page";

/** What the page has to know of its server. */
export interface PageConfig {
  readonly token: string;
  /** The host that lines are on. */
  readonly lineHost: string;
  readonly numbersStream: string;
  /** Entries a second in the numbered stream. */
  readonly numbersPerSecond: number;
  readonly vitals: boolean;
  readonly heartbeatMs: number;
  /** How long the page's client waits for the answer to a probe. */
  readonly probeTimeoutMs: number;
  /** How long a pause of the server lasts. */
  readonly pauseMs: number;
  readonly engine: string;
}

export interface ControlParts {
  readonly config: PageConfig;
  readonly lines: Lines;
  /** Resolves once the numbered entries have begun, which they do when there is a line. */
  readonly begun: Promise<void>;
  /** Stops the server's thread for this long, soon; false when it has just been stopped. */
  pause(ms: number): boolean;
}

/** Answers a request below /page/ that is not for a file. Never rejects. */
export async function control(parts: ControlParts, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await answer(parts, path, request, response);
  } catch (thrown) {
    if (!response.headersSent) refuse(response, "internal", (thrown as Error).message);
  }
}

async function answer({ config, lines, begun, pause }: ControlParts, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const isRead = request.method === "GET";
  if (!isRead && request.method !== "POST") return refuse(response, "method_not_allowed");
  // Browsers say who asks; whatever is not a page of this origin or a person's own address bar goes away empty.
  const { "sec-fetch-site": site, origin, host } = request.headers;
  const isForeign = (site !== undefined && site !== "same-origin" && site !== "none") || (origin !== undefined && origin !== `http://${host}`);
  if (isForeign) return refuse(response, "bad_origin", "this is for the page of this server alone");
  if (path === "/page/config") return isRead ? send(response, 200, config) : refuse(response, "method_not_allowed");
  if (request.headers[tokenHeader] !== config.token) return refuse(response, "bad_origin", "the token of the page is missing, or from before a restart");
  if (path === "/page/lines" && !isRead) {
    const asked = await readJson(request);
    if (asked === null) return refuse(response, "bad_request", "expected a small JSON object");
    const port = asked["port"] ?? null;
    if (port !== null && !isPort(port)) return refuse(response, "bad_request", "expected `port` to be a port from 1024 to 65535");
    const facts = await lines.open(port);
    if (facts === null) return refuse(response, "too_many_links", "no more lines can be opened");
    // The page reads the log next, and a log without entries does not exist.
    await begun;
    return send(response, 201, facts);
  }
  if (path.startsWith("/page/lines/") && isRead) return sendFacts(response, lines.facts(path.slice("/page/lines/".length)));
  if (path === "/page/faults" && !isRead) {
    const asked = await readJson(request);
    if (asked === null) return refuse(response, "bad_request", "expected a small JSON object");
    const { line, cut } = asked;
    if (cut === "pause") {
      const { pauseMs } = config;
      return pause(pauseMs) ? send(response, 202, { pauseMs }) : refuse(response, "engine_busy", "the server has just been paused");
    }
    const name = cutNamed(cut);
    if (typeof line !== "string" || (cut !== "mend" && name === null)) return refuse(response, "bad_request", "expected `line` and `cut`");
    return sendFacts(response, name === null ? await lines.mend(line) : lines.cut(line, name));
  }
  refuse(response, isRead ? "not_found" : "method_not_allowed");
}

const isPort = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1_024 && (value as number) <= 65_535;

function sendFacts(response: ServerResponse, facts: LineFacts | null): void {
  if (facts === null) refuse(response, "not_found", "there is no such line");
  else send(response, 200, facts);
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, { ...privateHeaders, "Content-Type": "application/json; charset=utf-8", "Content-Length": String(Buffer.byteLength(body)) });
  response.end(body);
}

/** Refuses in the form of the server's own refusals. */
export function refuse(response: ServerResponse, code: Code, message: string = codes[code].meaning): void {
  send(response, codes[code].http ?? 500, { error: { code, message } });
}

/** The body as a JSON object; null when it is none, or too long. */
async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>> | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return null;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

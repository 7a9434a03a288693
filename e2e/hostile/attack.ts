/**
 * Ways to attack over raw sockets, and to say what came back.
 */
import { RawHttp, requestBytes } from "../../scripts/test-support/raw-http.ts";
import { clientFrame, Wire } from "../../scripts/test-support/wire.ts";
import type { End, Seen, Target } from "./row.ts";

/** How long an attacker waits for an end that must come. */
const endMsMax = 8_000;

/** A path that each subject answers with 200. */
export const goodPath = ({ name }: Target): string => (name === "holdfast" ? "/healthz" : "/");

/** A request as it should be, but for `lines`: header lines, each with its line end. */
export function get(target: Target, lines = "", path = goodPath(target)): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n${lines}\r\n`;
}

/** The same with a method, and a body that the lines describe. */
export function post(target: Target, lines: string, body = "", path = target.name === "holdfast" ? "/v1/streams/hostile" : "/body"): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n${lines}\r\n${body}`;
}

/** A WebSocket handshake; `without` are headers left out, `lines` what stands there instead. */
export function upgrade(target: Target, lines = "", without: readonly string[] = [], method = "GET"): string {
  const all: Record<string, string> = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...(target.name === "holdfast" ? { "Sec-WebSocket-Protocol": "holdfast.v1" } : {}),
  };
  for (const name of without) delete all[name];
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const path = target.name === "holdfast" ? "/v1/link" : "/socket";
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n${head.join("")}${lines}\r\n`;
}

/** Fills a stream of a Holdfast server with more than kernels take for one connection. */
export async function fill(target: Target): Promise<void> {
  const batch = Array.from({ length: 4 }, () => `"${"x".repeat(250_000)}"`).join("\n");
  for (let i = 0; i < 20; i++) {
    const http = await RawHttp.send(target.port, requestBytes("POST", "/v1/streams/full", target.port, { "Content-Type": "application/x-ndjson" }, batch));
    await http.whole();
    http.destroy();
  }
}

const endOf = (http: RawHttp): End => (http.wasReset ? "reset" : http.hasEnded ? "closed" : "open");

/** What came back on a connection so far. */
export function seenOf(http: RawHttp): Seen {
  const { responses } = http;
  const last = responses.at(-1);
  return {
    statuses: responses.map(({ status }) => status),
    headers: last?.headers ?? {},
    body: last === undefined ? http.bytes.toString("latin1") : last.body.toString("utf8"),
    end: endOf(http),
  };
}

/** Sends, and waits for the end of the connection. */
export async function sendToEnd({ port }: Pick<Target, "port">, bytes: string | Uint8Array, from?: string): Promise<Seen> {
  const http = await RawHttp.send(port, Buffer.from(bytes), from);
  try {
    await http.until(() => http.hasEnded, endMsMax);
    return seenOf(http);
  } finally {
    http.destroy();
  }
}

/** Sends, waits for so many answers, and shows that the connection is open: it serves another request. */
export async function sendAndGoOn(target: Target, bytes: string | Uint8Array, answers: number): Promise<Seen> {
  const http = await RawHttp.send(target.port, Buffer.from(bytes));
  try {
    await http.until(() => http.hasEnded || (http.responses.length >= answers && http.responses[answers - 1]?.isComplete === true));
    const seen = seenOf(http);
    if (http.hasEnded) return seen;
    http.socket.write(requestBytes("GET", goodPath(target), target.port));
    await http.until(() => http.hasEnded || http.responses[answers]?.isComplete === true);
    return { ...seen, end: http.responses[answers]?.status === 200 ? "open" : endOf(http) };
  } finally {
    http.destroy();
  }
}

/** Sends, and waits for the head of an answer that goes on. */
export async function sendAndSee(target: Target, bytes: string | Uint8Array): Promise<Seen> {
  const http = await RawHttp.send(target.port, Buffer.from(bytes));
  try {
    await http.until(() => http.hasEnded || http.response !== undefined);
    return { ...seenOf(http), statuses: [http.response?.status ?? 0] };
  } finally {
    http.destroy();
  }
}

/** Sends requests one after the other on one connection, each when the one before is answered; `body` has all of theirs. */
export async function answersTo(target: Target, requests: readonly (string | Uint8Array)[]): Promise<Seen> {
  const http = await RawHttp.open(target.port);
  try {
    for (const [i, request] of requests.entries()) {
      http.socket.write(request);
      await http.until(() => http.hasEnded || http.responses[i]?.isComplete === true);
    }
    return { ...seenOf(http), body: http.responses.map(({ body }) => body.toString("utf8")).join("") };
  } finally {
    http.destroy();
  }
}

/** Sends `head`, then `rest` bit by bit for as long as the connection lasts. */
export async function drip(target: Target, head: string, rest: () => string, everyMs: number): Promise<Seen> {
  const http = await RawHttp.send(target.port, Buffer.from(head));
  const dripping = setInterval(() => {
    if (http.socket.writable) http.socket.write(rest());
  }, everyMs);
  try {
    await http.until(() => http.hasEnded, endMsMax);
    return seenOf(http);
  } finally {
    clearInterval(dripping);
    http.destroy();
  }
}

/** Messages of a link in words: their types, with the code or the reason where they have one. */
export const wordsOf = (messages: readonly Record<string, unknown>[]): string[] =>
  messages.flatMap(({ type, code, reason }) => (type === "beat" ? [] : [[type, code ?? reason].filter((word) => word !== undefined).join(" ")]));

/** Waits until a WebSocket is closed and its connection has ended. */
export async function closeOf(wire: Wire): Promise<Seen> {
  try {
    await wire.until(() => wire.closeCode !== null || wire.ended);
    // The closing handshake ends the connection at once, from the server's side.
    if (wire.closeCode !== null) wire.socket.write(clientFrame(Buffer.from([wire.closeCode >> 8, wire.closeCode & 255]), 8));
    await wire.until(() => wire.ended);
    return { statuses: [], headers: {}, body: wire.texts.join("\n"), end: "closed", close: wire.closeCode, says: wordsOf(wire.messages()) };
  } finally {
    wire.destroy();
  }
}

/** A link over a WebSocket says `messages`; resolves when so many have come back after its welcome, or the link was closed. */
export async function link(target: Target, messages: readonly unknown[], answers: number): Promise<Seen> {
  const wire = await Wire.live(target.port);
  try {
    for (const message of messages) wire.send(message);
    const said = (): string[] => wordsOf(wire.messages()).slice(1);
    await wire.until(() => wire.ended || wire.closeCode !== null || said().length >= answers);
    if (wire.closeCode !== null) return { ...(await closeOf(wire)), says: said() };
    return { statuses: [], headers: {}, body: wire.texts.join("\n"), end: wire.ended ? "closed" : "open", close: null, says: said() };
  } finally {
    wire.destroy();
  }
}

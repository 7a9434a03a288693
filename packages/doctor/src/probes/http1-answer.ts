/**
 * Reads answers of HTTP/1.x off the bytes of a connection, as far as an examination needs them: status, headers, where the body ends. Pure.
 * Of a body it counts the bytes, and holds only as many as it was told to. What is not HTTP is a fault, said in words.
 */

export interface Head {
  readonly status: number;
  /** 1.0 or 1.1. */
  readonly version: string;
  /** By lower-case names; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How far an answer is. `untilEnd`: its body ends only with the connection. */
export type AnswerState =
  | { readonly at: "head" }
  | { readonly at: "body"; readonly head: Head; readonly bodyBytes: number; readonly untilEnd: boolean }
  | { readonly at: "done"; readonly head: Head; readonly bodyBytes: number }
  | { readonly at: "fault"; readonly why: string };

/** More than any server should send; beyond it an answer is not read on. */
export const headBytesMax = 65_536;

/** `bodiless`: the answer to HEAD. `keepBytesMax`: so much of the body is held. Interim answers (1xx but 101) are passed over. */
export class AnswerReader {
  readonly #bodiless: boolean;
  readonly #keepBytesMax: number;
  /** The body's first bytes, one character each. */
  kept = "";
  #text = "";
  #head: Head | null = null;
  #bodyBytes = 0;
  /** Bytes of the body, or of the present chunk, that are to come; Infinity: until the connection ends. */
  #left = 0;
  #chunk: "none" | "size" | "data" | "data-end" | "trailer" = "none";
  #fault: string | null = null;
  #done = false;

  constructor(bodiless = false, keepBytesMax = 0) {
    this.#bodiless = bodiless;
    this.#keepBytesMax = keepBytesMax;
  }

  get state(): AnswerState {
    if (this.#fault !== null) return { at: "fault", why: this.#fault };
    if (this.#head === null) return { at: "head" };
    const { status } = this.#head;
    if (this.#done || status === 101) return { at: "done", head: this.#head, bodyBytes: this.#bodyBytes };
    return { at: "body", head: this.#head, bodyBytes: this.#bodyBytes, untilEnd: this.#left === Number.POSITIVE_INFINITY };
  }

  /** Bytes as they came. */
  read(bytes: Uint8Array): AnswerState {
    let rest = latin1(bytes);
    while (rest !== "" && this.#fault === null && !this.#done) {
      rest = this.#head === null ? this.#readHead(rest) : this.#chunk === "none" ? this.#readBody(rest) : this.#readChunk(rest);
      if (this.#head?.status === 101) break;
    }
    return this.state;
  }

  /** The connection ended: a body that lasts until then is whole now. */
  end(): AnswerState {
    if (this.#head !== null && this.#left === Number.POSITIVE_INFINITY) this.#done = true;
    else if (!this.#done && this.#fault === null)
      this.#fault = this.#head === null ? "the connection ended before an answer" : "the connection ended within the body";
    return this.state;
  }

  #readHead(rest: string): string {
    this.#text += rest;
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) {
      const looksRight = "HTTP/1.".startsWith(this.#text.slice(0, 7));
      if (!looksRight) this.#fault = "what came is not HTTP/1";
      else if (this.#text.length > headBytesMax) this.#fault = `the header block is longer than ${headBytesMax} bytes`;
      return "";
    }
    const after = this.#text.slice(end + 4);
    const head = parseHead(this.#text.slice(0, end));
    this.#text = "";
    if (head === null) {
      this.#fault = "what came is not HTTP/1";
      return "";
    }
    if (head.status < 200 && head.status !== 101) return after;
    this.#head = head;
    this.#frame(head);
    return after;
  }

  /** Where the body ends, by RFC 9112, section 6.3. */
  #frame({ status, headers }: Head): void {
    const length = headers["content-length"];
    if (this.#bodiless || status === 204 || status === 304 || status === 101) this.#done = true;
    else if (/(?:^|[,\s])chunked\s*$/i.test(headers["transfer-encoding"] ?? "")) this.#chunk = "size";
    else if (length !== undefined && /^\d{1,15}$/.test(length)) {
      this.#left = Number(length);
      this.#done = this.#left === 0;
    } else this.#left = Number.POSITIVE_INFINITY;
  }

  #readBody(rest: string): string {
    const after = this.#take(rest);
    this.#done = this.#left === 0;
    return after;
  }

  #take(rest: string): string {
    const taken = Math.min(rest.length, this.#left);
    this.#bodyBytes += taken;
    this.#left -= taken;
    if (this.kept.length < this.#keepBytesMax) this.kept += rest.slice(0, Math.min(taken, this.#keepBytesMax - this.kept.length));
    return rest.slice(taken);
  }

  #readChunk(rest: string): string {
    if (this.#chunk === "data") {
      const after = this.#take(rest);
      if (this.#left === 0) this.#chunk = "data-end";
      return after;
    }
    this.#text += rest;
    const end = this.#text.indexOf("\r\n");
    if (end < 0) {
      if (this.#text.length > headBytesMax) this.#fault = "a line of the chunked body has no end";
      return "";
    }
    const line = this.#text.slice(0, end);
    const after = this.#text.slice(end + 2);
    this.#text = "";
    if (this.#chunk === "size") this.#beginChunk(line);
    else if (this.#chunk === "data-end") this.#chunk = "size";
    else if (line === "") this.#done = true;
    return after;
  }

  #beginChunk(line: string): void {
    const size = /^[0-9a-f]{1,13}/i.exec(line)?.[0];
    if (size === undefined) this.#fault = "the chunked body has no size where one should be";
    else {
      this.#left = Number.parseInt(size, 16);
      this.#chunk = this.#left === 0 ? "trailer" : "data";
    }
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

function parseHead(text: string): Head | null {
  const [first = "", ...lines] = text.split("\r\n");
  const [, version, status] = /^HTTP\/(1\.[01]) (\d{3})(?: |$)/.exec(first) ?? [];
  if (version === undefined || status === undefined) return null;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1 || /\s/.test(line.slice(0, colon))) continue;
    const key = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
  }
  return { status: Number(status), version, headers };
}

/** Whether the connection may carry another request after this answer (RFC 9112, section 9.3). */
export function keepsConnection({ version, headers }: Head): boolean {
  const words = (headers["connection"] ?? "")
    .toLowerCase()
    .split(",")
    .map((word) => word.trim());
  if (words.includes("close")) return false;
  return version === "1.1" || words.includes("keep-alive");
}

/** The hint of `Keep-Alive: timeout=5`, in ms. */
export function announcedIdleMs(header: string | undefined): number | null {
  const seconds = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(header ?? "")?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

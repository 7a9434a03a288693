/**
 * Turns what undici's dispatchers take into what a stream needs: checked before anything is sent, so that a wrong call fails alone and at once.
 */
import { stringify } from "node:querystring";
import type { Dispatcher } from "undici";
import type { Never } from "../option-docs.ts";
import { invalidArgument, lengthMismatch, notSupported, readForm } from "./adapters/undici.ts";
import { isIdempotent } from "./again.ts";
import type { Ask } from "./exchange.ts";
import type { Http2Options } from "./options.ts";
import { HeaderFault, type RequestHead, requestHead } from "./request-headers.ts";
import { type Source, Upload } from "./upload.ts";

const methodPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Methods that anticipate content: without any they say so (RFC 9110, section 8.6). */
const expectsContent: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Throws an error of undici's, or of the content that is wrong. */
export function makeAsk(given: Dispatcher.DispatchOptions, options: Http2Options): Ask {
  const { method, upgrade, idempotent, expectContinue, headersTimeout, bodyTimeout } = given;
  if (String(method) === "CONNECT") throw notSupported("CONNECT is not sent over HTTP/2: it would give one stream of a shared session away as a socket");
  if (upgrade !== null && upgrade !== undefined && upgrade !== false)
    throw notSupported(`Upgrade to ${String(upgrade)}: HTTP/2 has none (RFC 9113, section 8.6)`);
  if (typeof method !== "string" || !methodPattern.test(method)) throw invalidArgument(`Expected \`method\` to be a token, got ${JSON.stringify(method)}`);
  if (given.origin === undefined) throw invalidArgument("Expected `origin`");
  const head = headOf(method, given.origin, pathOf(given.path, given.query), given);
  const upload = uploadOf(given.body, head, options.replayBytesMax);
  if (upload === null && expectsContent.has(method)) head.headers["content-length"] ??= "0";
  return {
    ...{
      method,
      headers: head.headers,
      listBytes: head.listBytes,
      upload,
      idempotent: isIdempotent(method, idempotent),
      expectContinue: expectContinue === true && upload !== null,
    },
    headersTimeoutMs: timeout("headersTimeout", headersTimeout, options.headersTimeoutMs),
    bodyTimeoutMs: timeout("bodyTimeout", bodyTimeout, options.bodyTimeoutMs),
  };
}

function headOf(method: string, origin: string | URL, path: string, { headers }: Dispatcher.DispatchOptions): RequestHead {
  try {
    return requestHead(method, origin, path, headers);
  } catch (error) {
    throw error instanceof HeaderFault ? invalidArgument(error.message) : error;
  }
}

function pathOf(path: string, query: Dispatcher.DispatchOptions["query"]): string {
  if (typeof path !== "string" || !/^(\/|\*$)/.test(path)) throw invalidArgument(`Expected \`path\` to begin with "/", got ${JSON.stringify(path)}`);
  if (/[^\u0021-\u00ff]/.test(path)) throw invalidArgument("Expected `path` to be free of spaces and control characters");
  if (query === undefined || query === null) return path;
  if (/[?#]/.test(path)) throw invalidArgument("Expected `path` to have no query of its own beside `query`");
  const text = stringify(query);
  return text === "" ? path : `${path}?${text}`;
}

/** As undici has it: 0 switches it off. */
function timeout(name: string, said: number | null | undefined, usual: number | Never): number | null {
  if (said === null || said === undefined) return usual === "never" ? null : usual;
  if (!Number.isFinite(said) || said < 0) throw invalidArgument(`Expected \`${name}\` to be 0 or more ms, got ${said}`);
  return said === 0 ? null : said;
}

function uploadOf(body: unknown, { headers, contentLength }: RequestHead, replayBytesMax: number): Upload | null {
  const source = sourceOf(body, (contentType) => {
    headers["content-type"] ??= contentType;
  });
  if (source === null || source instanceof Uint8Array) {
    const length = source?.byteLength ?? 0;
    if (contentLength !== null && contentLength !== length) throw lengthMismatch(contentLength, length);
    if (length > 0) headers["content-length"] = String(length);
    return length === 0 ? null : new Upload(source as Uint8Array, length, replayBytesMax, lengthMismatch);
  }
  return new Upload(source, contentLength, replayBytesMax, lengthMismatch);
}

function sourceOf(body: unknown, hasType: (contentType: string) => void): Source | null {
  if (body === null || body === undefined) return null;
  if (typeof body === "string") return Buffer.from(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (typeof body !== "object") throw invalidArgument("Expected `body` to be text, bytes, a stream, an iterable, a form or a blob");
  const tag = (body as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (tag === "FormData" || tag === "Blob" || tag === "File") {
    const { bytes, contentType } = readForm(body);
    if (contentType !== null) hasType(contentType);
    return bytes;
  }
  if (Symbol.asyncIterator in body) return body as AsyncIterable<Uint8Array>;
  if (Symbol.iterator in body) return each(body as Iterable<Uint8Array>);
  throw invalidArgument("Expected `body` to be text, bytes, a stream, an iterable, a form or a blob");
}

async function* each(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* chunks;
}

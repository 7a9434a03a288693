/**
 * The body of a request that is a link: the client's messages, one JSON text per line, or a JSON text sequence.
 * Whatever is wrong with the body as a whole is refused before a link begins.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Code, limits } from "@holdfast/protocol";
import { readBody, refuse } from "../http/respond.ts";
import { lastOfConnection } from "../http/response-version.ts";
import type { Counters } from "../hub/counters.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const types: readonly string[] = ["text/plain", "application/x-ndjson"];
const utf8Charset = /^\s*charset\s*=\s*"?utf-8"?\s*$/i;

function isAcceptable(contentType: string): boolean {
  const [type = "", ...parameters] = contentType.split(";");
  return types.includes(type.trim().toLowerCase()) && parameters.every((parameter) => !/charset/i.test(parameter) || utf8Charset.test(parameter));
}

/** The lines of the body, empty ones left out; null when it has been refused. Rejects when the client leaves before its end. */
export async function readLines(request: IncomingMessage, response: ServerResponse, bytesMax: number, counters: Counters): Promise<string[] | null> {
  const no = (code: Code, message: string, headers: Readonly<Record<string, string>> = {}): null => {
    refuse(counters, response, code, message, { headers });
    return null;
  };
  const { headers } = request;
  if (headers["content-encoding"] !== undefined) return no("unsupported_media_type", "expected a body without Content-Encoding");
  if (!isAcceptable(headers["content-type"] ?? "")) return no("unsupported_media_type", `expected ${types.join(" or ")}, in UTF-8`);
  const body = await readBody(request, bytesMax);
  if (body === null) return no("body_too_large", `expected at most ${bytesMax} bytes`, lastOfConnection(response));
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return no("not_utf8", "expected text in UTF-8");
  }
  // RFC 7464: what begins with a record separator is separated by it, so that payloads keep their own line ends.
  const lines = text.split(text.startsWith("\x1e") ? "\x1e" : "\n").filter((line) => line.trim() !== "");
  const { value: wireBytesMax } = limits.wireBytesMax;
  // Three bytes are the most that one unit of a string may take.
  if (lines.some((line) => line.length * 3 > wireBytesMax && Buffer.byteLength(line) > wireBytesMax)) {
    return no("frame_too_large", `expected lines of at most ${wireBytesMax} bytes`);
  }
  return lines;
}

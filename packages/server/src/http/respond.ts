/**
 * Answers of the HTTP interface: JSON, never cached, errors in one shape with the table's status.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Code, codes } from "@holdfast/protocol";

const common = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** Sends a JSON body. */
export function sendJson(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...common, "Content-Type": "application/json; charset=utf-8", "Content-Length": String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}

/** Sends `{"error":{...}}` with the code's status, and Retry-After when a time is known. */
export function sendError(response: ServerResponse, code: Code, message: string = codes[code].meaning, extra: { afterMs?: number; headers?: Record<string, string> } = {}): void {
  const { afterMs } = extra;
  const headers = { ...extra.headers, ...(afterMs === undefined ? {} : { "Retry-After": String(Math.ceil(afterMs / 1000)) }) };
  sendJson(response, codes[code].http ?? 500, `${JSON.stringify({ error: { code, message, ...(afterMs === undefined ? {} : { afterMs }) } })}\n`, headers);
}

/** The whole body, or null when it is longer than `bytesMax`: reading stops there, and the connection with it. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

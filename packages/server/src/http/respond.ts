/**
 * Answers of the HTTP interface: JSON, never cached, errors in one shape with the table's status.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Code, codes } from "@holdfast/protocol";
import type { Counters } from "../hub/counters.ts";

const common = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** Sends a JSON body. */
export function sendJson(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...common, "Content-Type": "application/json; charset=utf-8", "Content-Length": String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}

export interface ErrorExtra {
  readonly afterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends `{"error":{...}}` with the code's status, and Retry-After when a time is known. */
export function sendError(response: ServerResponse, code: Code, message: string = codes[code].meaning, extra: ErrorExtra = {}): void {
  const { afterMs } = extra;
  const status = codes[code].http ?? 500;
  const headers = {
    ...extra.headers,
    ...(afterMs === undefined ? {} : { "Retry-After": String(Math.ceil(afterMs / 1000)) }),
    ...(status === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
  };
  sendJson(response, status, `${JSON.stringify({ error: { code, message, ...(afterMs === undefined ? {} : { afterMs }) } })}\n`, headers);
}

/** The same, counted: for what the server turns away. */
export function refuse(counters: Counters, response: ServerResponse, code: Code, ...rest: readonly [message?: string, extra?: ErrorExtra]): void {
  counters.refuse(code);
  sendError(response, code, ...rest);
}

/** The client left in the middle of its body: nothing of it counts, and there is nobody to answer. */
export class ClientLeft extends Error {}

/**
 * The whole body, or null when it is longer than `bytesMax`. What is too much is thrown away as it comes, up to as much again,
 * because closing on a peer that is still sending resets the connection and the answer with it. Rejects with ClientLeft.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks = [];
      if (bytes > 2 * bytesMax) {
        request.pause();
        resolve(null);
      }
    });
    request.on("end", () => resolve(bytes > bytesMax ? null : Buffer.concat(chunks)));
    request.on("error", (cause) => reject(new ClientLeft("the connection failed in the middle of the body", { cause })));
    request.on("close", () => {
      // Comes after the end as well: an error that nobody sees costs as much as one that is thrown.
      if (!request.readableEnded) reject(new ClientLeft("the client left before the end of its body"));
    });
  });
}

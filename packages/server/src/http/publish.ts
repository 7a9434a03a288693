/**
 * `POST /v1/streams/NAME`: one entry (JSON or bytes), or a batch with one JSON entry a line, all or nothing.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { formatPosition, isKey, type ProducerTuple } from "@holdfast/protocol";
import { judgePublish } from "../auth/publish-verdict.ts";
import type { AppendEntry, AppendRequest } from "../engine.ts";
import { payloadFault } from "../hub/payload.ts";
import type { HttpContext } from "./context.ts";
import { readBody, refuse, sendError, sendJson } from "./respond.ts";
import { lastOfConnection } from "./response-version.ts";
import { whoSent } from "./who.ts";

const newline = 0x0a;
const count = /^(?:0|[1-9]\d{0,15})$/;

interface Refusal {
  readonly refused: string;
}

/** Reads the producer headers: all, none, or a refusal. */
function producerOf(request: IncomingMessage): ProducerTuple | undefined | Refusal {
  const id = request.headers["holdfast-producer-id"];
  const epoch = request.headers["holdfast-producer-epoch"];
  const seq = request.headers["holdfast-producer-seq"];
  if (id === undefined && epoch === undefined && seq === undefined) return undefined;
  if (!isKey(id) || typeof epoch !== "string" || !count.test(epoch) || typeof seq !== "string" || !count.test(seq)) {
    return { refused: "expected Holdfast-Producer-Id, -Epoch and -Seq together, the latter two as whole numbers" };
  }
  return { id, epoch: Number(epoch), seq: Number(seq) };
}

/** Splits a batch: one entry a line; empty lines are left out. */
function lines(body: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let start = 0;
  while (start < body.length) {
    const end = body.indexOf(newline, start);
    const stop = end < 0 ? body.length : end;
    const line = body.subarray(start, stop > start && body[stop - 1] === 0x0d ? stop - 1 : stop);
    if (line.length > 0) found.push(line);
    start = stop + 1;
  }
  return found;
}

function entriesOf(type: string, body: Buffer, key: string | undefined): AppendEntry[] | null {
  const keyed = key === undefined ? {} : { key };
  switch (type) {
    case "application/json":
      return [{ format: "json", payload: body, ...keyed }];
    case "application/octet-stream":
      return [{ format: "bytes", payload: body, ...keyed }];
    case "application/x-ndjson":
      return lines(body).map((payload) => ({ format: "json", payload, ...keyed }));
    default:
      return null;
  }
}

interface PublishHeaders {
  readonly key?: string;
  readonly dedupeKey?: string;
  readonly producer?: ProducerTuple;
  readonly close: boolean;
}

function headersOf(request: IncomingMessage): PublishHeaders | Refusal {
  const key = request.headers["holdfast-key"];
  const dedupeKey = request.headers["holdfast-dedupe-key"];
  if (key !== undefined && !isKey(key)) return { refused: "expected Holdfast-Key to be 1 to 255 bytes" };
  if (dedupeKey !== undefined && !isKey(dedupeKey)) return { refused: "expected Holdfast-Dedupe-Key to be 1 to 255 bytes" };
  const producer = producerOf(request);
  if (producer !== undefined && "refused" in producer) return producer;
  if (producer !== undefined && dedupeKey !== undefined) return { refused: "expected a producer or a dedupe key, not both" };
  const close = request.headers["holdfast-close"];
  if (close !== undefined && close !== "true") return { refused: "expected Holdfast-Close to be true" };
  return {
    ...(key === undefined ? {} : { key }),
    ...(dedupeKey === undefined ? {} : { dedupeKey }),
    ...(producer === undefined ? {} : { producer }),
    close: close === "true",
  };
}

/** Handles a publish to a stream whose name has been checked. */
export async function publish(context: HttpContext, request: IncomingMessage, response: ServerResponse, stream: string): Promise<void> {
  const { options, hub } = context;
  const { counters } = hub;
  const principal = await whoSent(request, hub.gate);
  const headers = headersOf(request);
  if ("refused" in headers) return refuse(counters, response, "bad_request", headers.refused);
  if (request.headers["content-encoding"] !== undefined)
    return refuse(counters, response, "unsupported_media_type", "expected a body without Content-Encoding");
  const body = await readBody(request, options.bodyBytesMax);
  if (body === null)
    return refuse(counters, response, "body_too_large", `expected at most ${options.bodyBytesMax} bytes`, { headers: lastOfConnection(response) });
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const entries = headers.close && body.length === 0 ? [] : entriesOf(type, body, headers.key);
  if (entries === null) return refuse(counters, response, "unsupported_media_type");
  if (entries.length === 0 && !headers.close) return refuse(counters, response, "bad_payload", "expected at least one entry");
  if (entries.length > options.batchEntriesMax) return refuse(counters, response, "body_too_large", `expected at most ${options.batchEntriesMax} entries`);
  for (const [i, entry] of entries.entries()) {
    const fault = payloadFault(entry.format, entry.payload, options.entryBytesMax);
    if (fault !== null) return refuse(counters, response, fault.code, entries.length > 1 ? `entry ${i + 1}: ${fault.message}` : fault.message);
  }
  const { dedupeKey, producer, close } = headers;
  const append: AppendRequest = { stream, entries, ...(dedupeKey === undefined ? {} : { dedupeKey }), ...(producer === undefined ? {} : { producer }), close };
  const verdict = await judgePublish(hub.gate, hub.hooks, principal, append);
  if (verdict !== null) return refuse(counters, response, verdict.code, verdict.message, verdict.afterMs === undefined ? {} : { afterMs: verdict.afterMs });
  hub.gate.confirm(principal);
  const result = await hub.append(append);
  if (!result.ok) return sendError(response, result.code, result.message, result.afterMs === undefined ? {} : { afterMs: result.afterMs });
  const positions = result.cursors?.map((cursor) => formatPosition(cursor.epoch, cursor.seq)) ?? null;
  sendJson(response, 200, `${JSON.stringify({ stream, positions, duplicate: result.duplicate, closed: close })}\n`);
}

/**
 * The reader's thread: answers each question in the order asked. It decides nothing; sqlite-reader.ts does.
 */
import { parentPort, workerData } from "node:worker_threads";
import { HoldfastError } from "@holdfast/protocol";
import { entryFields, type PackedEntries, type PageEntry, type ReaderCommand, type ReaderReply, type ThreadSetup } from "./sqlite-messages.ts";
import { SqliteReader } from "./sqlite-reader.ts";

const port = parentPort;
if (port === null) throw new Error("This file runs as a worker thread");
const reply = (message: ReaderReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
const textOf = (error: unknown): string => HoldfastError.from(error).detail;

/** All payloads in one block, so that a page crosses to the main thread without a copy of each. */
function pack(entries: readonly PageEntry[]): PackedEntries {
  const numbers = new Float64Array(entries.length * entryFields);
  const payloads = new Uint8Array(entries.reduce((bytes, { payload }) => bytes + payload.byteLength, 0));
  let at = 0;
  for (const [i, { seq, timeMs, format, payload }] of entries.entries()) {
    numbers.set([seq, timeMs, format === "json" ? 0 : 1, payload.byteLength], i * entryFields);
    payloads.set(payload, at);
    at += payload.byteLength;
  }
  return { numbers, payloads, keys: entries.some(({ key }) => key !== undefined) ? entries.map(({ key }) => key ?? null) : null };
}

function answer(command: Extract<ReaderCommand, { id: number }>): void {
  try {
    if (reader === null) throw new Error("The reader has not been opened");
    if (command.type === "read") {
      const { head, entries, more } = reader.page(command.stream, command.options);
      const packed = pack(entries);
      reply({ type: "page", id: command.id, head, packed, more }, [packed.numbers.buffer, packed.payloads.buffer]);
    } else if (command.type === "head") {
      reply({ type: "head", id: command.id, head: reader.head(command.stream) });
    } else {
      reply({ type: "list", id: command.id, streams: reader.list(command.options) });
    }
  } catch (error) {
    reply({ type: "unreadable", id: command.id, detail: textOf(error) });
  }
}

let reader: SqliteReader | null = null;

function open(): void {
  try {
    reader = new SqliteReader((workerData as ThreadSetup).path);
    reply({ type: "started" });
  } catch (error) {
    reply({ type: "refused", message: textOf(error) });
    port?.close();
  }
}

port.on("message", (command: ReaderCommand) => {
  if (command.type === "open") open();
  else if (command.type !== "stop") answer(command);
  else {
    reader?.close();
    port.close();
  }
});

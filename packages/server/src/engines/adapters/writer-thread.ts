/**
 * The writer's thread: takes one command at a time and answers it. It decides nothing; sqlite-writer.ts does.
 */
import { parentPort, workerData } from "node:worker_threads";
import { HoldfastError } from "@holdfast/protocol";
import type { ThreadSetup, WriterCommand, WriterReply } from "./sqlite-messages.ts";
import { SqliteWriter } from "./sqlite-writer.ts";

const port = parentPort;
if (port === null) throw new Error("This file runs as a worker thread");
const reply = (message: WriterReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

function serve(writer: SqliteWriter): void {
  let told = false;
  port?.on("message", (command: WriterCommand) => {
    switch (command.type) {
      case "commit": {
        const { outcomes, dueMs } = writer.commit(command.block, command.wallMs, command.monoMs);
        tellFailure();
        reply({ type: "committed", outcomes, dueMs }, [outcomes.numbers.buffer]);
        writer.checkpointWhenDue();
        tellFailure();
        return;
      }
      case "pass":
        reply({ type: "passed", ...writer.pass(command.wallMs, command.monoMs) });
        writer.checkpointWhenDue();
        tellFailure();
        return;
      case "stop":
        writer.close();
        port?.close();
        return;
      default:
        return command satisfies never;
    }
  });
  /** Says once that writing is over; before the answer that was hit by it, so that no append is sent in between. */
  function tellFailure(): void {
    if (told || writer.failure === null) return;
    told = true;
    reply({ type: "failed", detail: writer.failure });
  }
}

try {
  serve(SqliteWriter.open(workerData as ThreadSetup));
  reply({ type: "started" });
} catch (error) {
  reply({ type: "refused", message: HoldfastError.from(error).detail });
  port.close();
}

/**
 * Starts the two threads of the SQLite engine and speaks with them. It must never interpret what is said.
 */
import { Worker } from "node:worker_threads";
import type { ReaderCommand, ReaderReply, ThreadSetup, WriterCommand, WriterReply } from "./sqlite-messages.ts";

/** The main thread's end of a thread. */
export interface Thread<Command, Reply> {
  post(command: Command, transfer?: ArrayBuffer[]): void;
  /** Names the one receiver of replies; it takes the place of the one before. */
  onReply(receive: (reply: Reply) => void): void;
  /** Called once, when the thread has ended; `error` when it did so by itself. */
  onEnd(receive: (error: Error | null) => void): void;
}

/** The threads run the file beside this one, in the form in which this one runs: as source, or built. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));

export const startWriterThread = (setup: ThreadSetup): Thread<WriterCommand, WriterReply> => start("writer-thread", setup);

export const startReaderThread = (setup: ThreadSetup): Thread<ReaderCommand, ReaderReply> => start("reader-thread", setup);

function start<Command, Reply>(file: string, setup: ThreadSetup): Thread<Command, Reply> {
  // The command-line options of the process, type stripping and conditions among them, are inherited.
  const worker = new Worker(new URL(`./${file}${extension}`, import.meta.url), { workerData: setup, name: `holdfast-sqlite-${file}` });
  let failure: Error | null = null;
  let receiver: (reply: Reply) => void = () => {};
  worker.on("message", (reply: Reply) => receiver(reply));
  worker.on("error", (error: Error) => {
    failure = error;
  });
  return {
    post: (command, transfer = []) => worker.postMessage(command, transfer),
    onReply: (receive) => {
      receiver = receive;
    },
    onEnd: (receive) => {
      worker.on("exit", (code) => receive(failure ?? (code === 0 ? null : new Error(`The thread ended with code ${code}`))));
    },
  };
}

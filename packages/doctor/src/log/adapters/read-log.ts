/**
 * Reads a log from a file or from standard input, line by line, gzip or not. No more of it is in memory than a chunk and the beginning of a line.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { logLimits } from "../limits.ts";
import { LogReader, type LogTally } from "../tally.ts";

export interface LogAsk {
  /** `-`: standard input. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Told now and then. `ofBytes`: null where it is not known. */
  readonly progress: (progress: { readonly lines: number; readonly bytes: number; readonly ofBytes: number | null }) => void;
}

const progressBytes = 4_194_304;

/** @throws what reading throws: no such file, not gzip */
export async function readLog({ file, signal, progress }: LogAsk): Promise<LogTally> {
  const ofBytes = file === "-" ? null : (await stat(file)).size;
  const source: Readable = file === "-" ? process.stdin : createReadStream(file, { signal });
  const reader = new LogReader();
  const lines = new Lines((text, isCut) => reader.line(text, isCut));
  const text = new TextDecoder();
  let [bytes, toldBytes] = [0, 0];
  const counted = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes - toldBytes < progressBytes) return;
    toldBytes = bytes;
    progress({ lines: reader.lines, bytes, ofBytes });
  };
  try {
    for await (const chunk of unpacked(source, counted)) {
      lines.push(text.decode(chunk, { stream: true }));
      if (signal.aborted) break;
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  lines.end();
  return reader.tally();
}

/** The first two bytes tell whether it is gzip. */
async function* unpacked(source: Readable, counted: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const iterator = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  async function* whole(): AsyncGenerator<Buffer> {
    for (let next: IteratorResult<Buffer> = first; next.done !== true; next = await iterator.next()) {
      counted(next.value);
      yield next.value;
    }
  }
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    yield* whole();
    return;
  }
  const gunzip = createGunzip();
  // What fails on the way ends `gunzip` with that error.
  pipeline(Readable.from(whole()), gunzip, () => {});
  yield* gunzip as AsyncIterable<Buffer>;
}

/** Cuts text into lines; of one that is too long only the beginning is kept. */
class Lines {
  readonly #line: (text: string, isCut: boolean) => void;
  #held = "";
  #isCut = false;

  constructor(line: (text: string, isCut: boolean) => void) {
    this.#line = line;
  }

  push(text: string): void {
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      this.#hold(text.slice(from, at));
      this.#give();
      from = at + 1;
    }
    this.#hold(text.slice(from));
  }

  end(): void {
    if (this.#held !== "") this.#give();
  }

  #hold(text: string): void {
    const room = logLimits.lineCharsMax.value - this.#held.length;
    if (text.length > room) this.#isCut = true;
    this.#held += text.slice(0, Math.max(0, room));
  }

  #give(): void {
    this.#line(this.#held.endsWith("\r") ? this.#held.slice(0, -1) : this.#held, this.#isCut);
    this.#held = "";
    this.#isCut = false;
  }
}

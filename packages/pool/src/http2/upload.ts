/**
 * The body of one request, on its way into one stream after another until one of them takes it. Bytes can be sent any number of times; of a
 * streamed body what was read is kept until the answer begins, up to a bound. It never reads ahead of what the stream takes.
 */
import type { ClientHttp2Stream } from "node:http2";

/** A body as it is sent. */
export type Source = Uint8Array | AsyncIterable<Uint8Array | string>;

export interface UploadWatch {
  /** A piece was handed to the stream. */
  readonly sent: (chunk: Buffer) => void;
  /** All of it was. */
  readonly finished: () => void;
  /** The source failed, or is longer or shorter than was said: the request fails. */
  readonly failed: (error: unknown) => void;
}

/** More than that is never handed to a stream at once. */
const sliceBytes = 65_536;

export class Upload {
  readonly #bytes: Buffer | null;
  readonly #iterator: AsyncIterator<Uint8Array | string> | null;
  readonly #declared: number | null;
  readonly #replayBytesMax: number;
  readonly #mismatch: (declared: number, got: number) => Error;
  /** Pieces that were read from the source, from number `#base` on. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #base = 0;
  #keeps = true;
  #readBytes = 0;
  #reading: Promise<void> | null = null;
  #done = false;
  /** What the source failed with: also for streams that come later, which would take its end for the end of the body. */
  #fault: { readonly error: unknown } | null = null;

  /** `declared`: what `content-length` says; `mismatch`: the error when the source does not keep to it. */
  constructor(source: Source, declared: number | null, replayBytesMax: number, mismatch: (declared: number, got: number) => Error) {
    this.#bytes = source instanceof Uint8Array ? Buffer.from(source.buffer, source.byteOffset, source.byteLength) : null;
    this.#iterator = source instanceof Uint8Array ? null : source[Symbol.asyncIterator]();
    this.#declared = declared;
    this.#replayBytesMax = replayBytesMax;
    this.#mismatch = mismatch;
  }

  /** Whether it can be sent from the start. */
  get replayable(): boolean {
    return this.#bytes !== null || this.#base === 0;
  }

  /** The answer has begun: nothing needs to be kept any more. */
  forget(): void {
    this.#keeps = false;
  }

  /** Nobody wants it any more. */
  cancel(): void {
    this.#keeps = false;
    this.#kept = [];
    if (!this.#done) this.#iterator?.return?.()?.then(undefined, () => undefined);
    this.#done = true;
  }

  /** Sends all of it into the stream, as fast as that takes it; stops when the stream is over. */
  async into(stream: ClientHttp2Stream, watch: UploadWatch): Promise<void> {
    try {
      for (let number = 0; !isOver(stream); number++) {
        const chunk = this.#bytes === null ? await this.#read(number) : this.#slice(number);
        if (isOver(stream)) return;
        if (chunk === null) {
          stream.end();
          return watch.finished();
        }
        const taken = stream.write(chunk);
        watch.sent(chunk);
        if (!taken) await drained(stream);
      }
    } catch (error) {
      if (!isOver(stream)) watch.failed(error);
    }
  }

  #slice(number: number): Buffer | null {
    const bytes = this.#bytes as Buffer;
    const from = number * sliceBytes;
    return from < bytes.length ? bytes.subarray(from, from + sliceBytes) : null;
  }

  /** Piece `number` of a streamed body; an earlier stream may have read it already, or be reading it now. */
  async #read(number: number): Promise<Buffer | null> {
    while (number >= this.#base + this.#kept.length) {
      if (this.#fault !== null) throw this.#fault.error;
      if (this.#done) return null;
      this.#reading ??= this.#pull();
      await this.#reading;
    }
    const chunk = this.#kept[number - this.#base] as Buffer;
    if (!this.#keeps) this.#drop(number);
    return chunk;
  }

  async #pull(): Promise<void> {
    try {
      const { value, done } = await (this.#iterator as AsyncIterator<Uint8Array | string>).next();
      if (done === true) this.#done = true;
      else this.#keep(typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      const declared = this.#declared;
      const wrong = declared !== null && (this.#readBytes > declared || (this.#done && this.#readBytes < declared));
      if (wrong) throw this.#mismatch(declared, this.#readBytes);
    } catch (error) {
      this.#fault = { error };
    } finally {
      this.#reading = null;
    }
  }

  #keep(chunk: Buffer): void {
    this.#readBytes += chunk.length;
    this.#keptBytes += chunk.length;
    this.#kept.push(chunk);
    if (this.#keptBytes > this.#replayBytesMax) this.#keeps = false;
  }

  /** Forgets everything up to piece `number`. */
  #drop(number: number): void {
    this.#kept.splice(0, number + 1 - this.#base);
    this.#base = number + 1;
  }
}

const isOver = (stream: ClientHttp2Stream): boolean => stream.destroyed || stream.closed;

function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off("drain", go);
      stream.off("close", go);
      resolve();
    };
    stream.on("drain", go);
    stream.on("close", go);
    if (isOver(stream)) go();
  });
}

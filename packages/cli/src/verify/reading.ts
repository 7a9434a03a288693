/**
 * A client that reads streams and writes down what it is given. It must never repair anything: what the client hands out is what counts.
 */
import type { Client, Stream } from "@holdfast/client";
import { type From, HoldfastError } from "@holdfast/protocol";
import type { KindName } from "./kinds.ts";
import { numberIn } from "./payload.ts";
import { newTrack, type Track } from "./track.ts";

export interface ReadingParts {
  readonly reader: string;
  readonly streams: readonly string[];
  readonly isWhole: boolean;
  readonly payloadBytesMax: number;
  /** Called for each entry, after it was written down; what it returns is awaited before the next is taken. */
  readonly given: (stream: string) => void | Promise<void>;
  /** Called when a stream cannot be read any more, with the code, unless that was on purpose. */
  readonly failed: (stream: string, error: HoldfastError) => void;
}

/** One reader over the life of one client, or of several that go on from one another. */
export class Reading {
  readonly tracks: readonly Track[];
  readonly #parts: ReadingParts;
  readonly #streams = new Map<string, Stream>();
  #running: Promise<unknown> = Promise.resolve();
  #leaving = false;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
    this.tracks = parts.streams.map((stream) => newTrack(parts.reader, stream, parts.isWhole));
  }

  /** Reads with this client from now on: from the beginning, or from where the last one stood. */
  begin(client: Client): void {
    this.#leaving = false;
    this.#running = Promise.all(this.tracks.filter((track) => !track.ended).map((track) => this.#follow(client, track)));
  }

  /** Stops reading, so that the client may be closed; `begin` goes on. */
  async leave(): Promise<void> {
    this.#leaving = true;
    for (const stream of this.#streams.values()) stream.close();
    await this.#running;
  }

  /** The client is closed by somebody else: what it ends with is no error. */
  expectClose(): void {
    this.#leaving = true;
  }

  /** Resolves when every stream has ended for this reader, or cannot be read any more. */
  async ended(): Promise<void> {
    await this.#running;
  }

  mark(kind: KindName): void {
    for (const track of this.tracks) track.marks.push({ at: track.positions.length, kind });
  }

  async #follow(client: Client, track: Track): Promise<void> {
    const { payloadBytesMax, given, failed } = this.#parts;
    const place = this.#streams.get(track.stream)?.position ?? null;
    const from: From = place === null ? "first" : { after: place };
    const onGap = ({ reason, from, after }: { reason: string; from: string; after: string }): void => {
      track.gaps.push({ at: track.positions.length, reason, from, after });
    };
    try {
      const stream = client.stream(track.stream, { from, onGap });
      this.#streams.set(track.stream, stream);
      for await (const entry of stream) {
        track.positions.push(entry.position);
        track.numbers.push(numberIn(entry.raw, track.stream, payloadBytesMax));
        const wait = given(track.stream);
        if (wait !== undefined) await wait;
      }
      if (stream.ended) track.ended = true;
    } catch (thrown) {
      if (this.#leaving) return;
      const error = HoldfastError.from(thrown);
      track.error = error.message;
      failed(track.stream, error);
    }
  }
}

/**
 * Cuts a stream of bytes into lines, which end at `\n` and nothing else: a `\r` belongs to the line.
 * It must never hold more than one line of `lineBytesMax`: the rest of a longer one is skipped and the line reported.
 */

/** A line, or the notice that one was too long. `number` counts from 1. */
export type Line = { readonly number: number; readonly bytes: Uint8Array } | { readonly number: number; readonly overlongBytes: number };

/** Takes chunks, gives lines. The bytes of a line are the caller's for good. */
export class LineCutter {
  readonly #lineBytesMax: number;
  #number = 0;
  /** Beginnings of the line that is not complete yet; null while an overlong line is being skipped. */
  #pieces: Uint8Array[] | null = [];
  #length = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that this chunk completes. The chunk is read no further than the caller asks for lines. */
  *push(chunk: Uint8Array): Generator<Line> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      this.#take(chunk.subarray(start, end < 0 ? chunk.length : end));
      if (end < 0) return;
      yield this.#finish();
      start = end + 1;
    }
  }

  /** The last line, when the input did not end with `\n`. */
  end(): Line | null {
    return this.#length === 0 ? null : this.#finish();
  }

  #take(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > this.#lineBytesMax) this.#pieces = null;
    // Copied (a Buffer's slice is not a copy): a small line must not keep the chunk alive while it waits for its answer.
    else if (piece.length > 0) this.#pieces?.push(new Uint8Array(piece));
  }

  #finish(): Line {
    const number = ++this.#number;
    const pieces = this.#pieces;
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    if (pieces === null) return { number, overlongBytes: length };
    return { number, bytes: pieces.length === 1 ? (pieces[0] as Uint8Array) : join(pieces, length) };
  }
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

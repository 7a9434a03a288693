/**
 * Bodies written past `node:http`, straight to the socket, with the framing that its headers promised: chunks (RFC 9112, section 7.1),
 * or none where the end of the connection is the end of the body.
 */

const lineEnd = "\r\n";

/** Text as one piece of a body. */
export function textChunk(text: string, isChunked: boolean): Buffer {
  return Buffer.from(isChunked ? `${Buffer.byteLength(text).toString(16)}${lineEnd}${text}${lineEnd}` : text);
}

function framed(bytes: Uint8Array, tail: string, isChunked: boolean): Uint8Array {
  if (!isChunked && tail === "") return bytes;
  const length = bytes.length + tail.length;
  const head = isChunked ? `${length.toString(16)}${lineEnd}` : "";
  const end = isChunked ? tail + lineEnd : tail;
  const flush = Buffer.allocUnsafeSlow(head.length + bytes.length + end.length);
  flush.write(head, 0, "latin1");
  flush.set(bytes, head.length);
  flush.write(end, head.length + bytes.length, "latin1");
  return flush;
}

class LastFlush {
  bytes: Uint8Array | null = null;
  tail = "";
  flush: Uint8Array = Buffer.alloc(0);
}

/**
 * Makes flushes ready to be written, and remembers the last one: the fan-out gives the same bytes to one caught-up reader after
 * another, and those who are told the same after them share the same buffer.
 */
export class FlushMemo {
  // Readers over HTTP/1.1 and over HTTP/2 take turns: with one memo for both, each would undo the other's.
  readonly #chunked = new LastFlush();
  readonly #plain = new LastFlush();

  /** `bytes` and the ASCII text `tail` as one piece of a body. The result is shared: never written to. */
  flush(bytes: Uint8Array, tail: string, isChunked: boolean): Uint8Array {
    const last = isChunked ? this.#chunked : this.#plain;
    if (bytes !== last.bytes || tail !== last.tail) {
      last.flush = framed(bytes, tail, isChunked);
      last.bytes = bytes;
      last.tail = tail;
    }
    return last.flush;
  }
}

/**
 * Messages in a stream of bytes, framed as gRPC frames them (gRPC over HTTP/2, "Length-Prefixed-Message"): one byte of flags, four bytes of
 * length, most significant first, and the message. Pure. It must never hold more than twice the bytes of the message that is under way,
 * whatever length that announces and however small the pieces are in which it comes; nor call anybody after a fault.
 *
 *     | flags (1) | length (4) | message (length) | flags | ...
 */

import { messagePiecesMax } from "./bounds.ts";

const headBytes = 5;
/** The only flag there is: the message is compressed. */
const compressedFlag = 1;
/** How small pieces may be on average, beyond those that any message may have: what a peer writes is cut by segments and frames, never to single bytes. */
const pieceBytesMin = 64;
/** The first room for a message that does not come in one piece; doubled while its bytes come. */
const roomBytesMin = 1_024;

/** Why nothing more is read. */
export type FramingFault = "too_large" | "too_many_pieces" | "bad_flags";

/** A message with its head. */
export function lengthPrefixed(message: Uint8Array, isCompressed = false): Uint8Array {
  const framed = new Uint8Array(headBytes + message.length);
  writeHead(framed, message.length, isCompressed);
  framed.set(message, headBytes);
  return framed;
}

/** Writes the head of a message of `length` bytes to the beginning of `into`: for those who build the rest there themselves. */
export function writeHead(into: Uint8Array, length: number, isCompressed = false): void {
  into[0] = isCompressed ? compressedFlag : 0;
  new DataView(into.buffer, into.byteOffset).setUint32(1, length);
}

/** The bytes before each message. */
export const lengthPrefixBytes: number = headBytes;

/** Reads messages out of pieces of any size. */
export class LengthPrefixedReader {
  readonly #bytesMax: number;
  readonly #head = new Uint8Array(headBytes);
  #headTaken = 0;
  /** Of the message whose head is complete. */
  #length = 0;
  #room: Uint8Array = this.#head;
  #taken = 0;
  #pieces = 0;
  #fault: FramingFault | null = null;

  /** `bytesMax`: what a message may have. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether a message has begun and not come to its end: a stream that ends now was cut off. */
  get isMidMessage(): boolean {
    return this.#headTaken > 0;
  }

  /**
   * Takes the next piece, and gives `take` each message that is complete with it. The bytes are the reader's or the piece's own: whoever
   * keeps them copies them. A fault is for good: what was complete before it has been given.
   */
  push(piece: Uint8Array, take: (message: Uint8Array, isCompressed: boolean) => void): FramingFault | null {
    let at = 0;
    // A message without bytes is complete with its head, be that the last of the piece.
    while (this.#fault === null && at < piece.length) {
      if (this.isMidMessage && at === 0) this.#pieces++;
      if (this.#headTaken < headBytes) at = this.#takeHead(piece, at);
      if (this.#fault === null && this.#headTaken === headBytes) at = this.#takeBody(piece, at, take);
    }
    return this.#fault;
  }

  #takeHead(piece: Uint8Array, from: number): number {
    const part = piece.subarray(from, from + headBytes - this.#headTaken);
    this.#head.set(part, this.#headTaken);
    this.#headTaken += part.length;
    const flags = this.#head[0] as number;
    if (flags > compressedFlag) this.#fault = "bad_flags";
    else if (this.#headTaken === headBytes) {
      this.#length = new DataView(this.#head.buffer).getUint32(1);
      if (this.#length > this.#bytesMax) this.#fault = "too_large";
    }
    return from + part.length;
  }

  #takeBody(piece: Uint8Array, from: number, take: (message: Uint8Array, isCompressed: boolean) => void): number {
    const part = piece.subarray(from, from + this.#length - this.#taken);
    if (this.#taken + part.length < this.#length) {
      if (part.length === 0) return from;
      if (this.#pieces > messagePiecesMax + this.#length / pieceBytesMin) this.#fault = "too_many_pieces";
      else this.#keep(part);
      return from + part.length;
    }
    const message = this.#taken === 0 ? part : this.#keep(part).subarray(0, this.#length);
    const isCompressed = this.#head[0] === compressedFlag;
    this.#headTaken = this.#taken = this.#pieces = 0;
    this.#room = this.#head;
    take(message, isCompressed);
    return from + part.length;
  }

  /** Room grows with what has come, not with what was announced. */
  #keep(part: Uint8Array): Uint8Array {
    const wanted = this.#taken + part.length;
    if (this.#taken === 0 || wanted > this.#room.length) {
      const room = new Uint8Array(Math.min(this.#length, Math.max(roomBytesMin, 2 * wanted)));
      room.set(this.#room.subarray(0, this.#taken));
      this.#room = room;
    }
    this.#room.set(part, this.#taken);
    this.#taken = wanted;
    return this.#room;
  }
}

/**
 * What goes on in the inbound bytes of a WebSocket, read from frame headers alone (RFC 6455, section 5.2): a header costs a few
 * steps, payload is skipped in one, whatever the split. It must never keep, unmask or change a byte: another parser reads them
 * too, and judges them. Where that one gives up, this one stops, so that both count the same.
 *
 *   first byte --> second byte --> length (0, 2 or 8 bytes) --> skip mask and payload --> first byte
 */

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const maskBytes = 4;
/** Above it a length is no safe integer; `ws` refuses such a frame when it has read its header. */
const highWordMax = 2 ** 21 - 1;

type Phase = "first" | "second" | "length" | "skip" | "stopped";

export class FrameWatch {
  /** Complete frames since the beginning. */
  pings = 0;
  pongs = 0;
  messages = 0;
  /** Messages of bytes that have begun; they count when their first header is complete. */
  binaries = 0;
  /** All bytes seen, headers and what came after the end included. */
  bytes = 0;
  /** The peer's close frame is complete. */
  hasClosed = false;
  /** A header that no client may send; whoever parses the same bytes has given up there. */
  isFaulty = false;
  /** Complete frames and payload bytes of the message that is under way. */
  fragments = 0;
  messageBytes = 0;
  /** The most fragments that any message has had. */
  fragmentsMost = 0;
  /** When the first byte of the message or frame that is under way was read; null between messages. */
  unfinishedSinceMs: number | null = null;
  readonly #compresses: boolean;
  #phase: Phase = "first";
  #opcode = 0;
  #isFinal = false;
  /** Whether a message has begun and its last frame has not. */
  #inMessage = false;
  /** Bytes of the extended length that are missing, and what the others make. */
  #lengthLeft = 0;
  #length = 0;
  #highWord = 0;
  /** Bytes of mask and payload that are missing. */
  #left = 0;
  /** Since when the data frames of the message are under way; a control frame in between does not change it. */
  #messageSinceMs = 0;

  /** `compresses`: an extension that uses the first reserved bit was agreed on. */
  constructor(compresses: boolean) {
    this.#compresses = compresses;
  }

  /** Reads one chunk as it came from the socket. */
  take(chunk: Uint8Array, nowMs: number): void {
    this.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length) {
      switch (this.#phase) {
        case "first":
          this.unfinishedSinceMs ??= nowMs;
          this.#first(chunk[at++] as number);
          break;
        case "second":
          this.#second(chunk[at++] as number);
          break;
        case "length":
          this.#lengthByte(chunk[at++] as number);
          break;
        case "skip": {
          const skipped = Math.min(this.#left, chunk.length - at);
          at += skipped;
          this.#left -= skipped;
          if (this.#left === 0) this.#end();
          break;
        }
        case "stopped":
          return;
        default:
          this.#phase satisfies never;
      }
    }
  }

  #first(byte: number): void {
    const opcode = byte & 15;
    const isControl = opcode >= opcodes.close;
    const isFinal = (byte & 0x80) !== 0;
    const isCompressed = (byte & 0x40) !== 0;
    const mayCompress = this.#compresses && !isControl && opcode !== opcodes.continuation;
    const isKnown = opcode <= opcodes.binary || (isControl && opcode <= opcodes.pong);
    const fits = isControl ? isFinal : (opcode === opcodes.continuation) === this.#inMessage;
    this.#opcode = opcode;
    this.#isFinal = isFinal;
    this.isFaulty = (byte & 0x30) !== 0 || (isCompressed && !mayCompress) || !isKnown || !fits;
    // The other parser judges both bytes at once, so a fault of the first shows with the second.
    this.#phase = "second";
  }

  #second(byte: number): void {
    const short = byte & 127;
    const isControl = this.#opcode >= opcodes.close;
    const isMasked = (byte & 0x80) !== 0;
    if (this.isFaulty || !isMasked || (isControl && (short > 125 || (this.#opcode === opcodes.close && short === 1)))) {
      this.isFaulty = true;
      this.#phase = "stopped";
      return;
    }
    this.#length = 0;
    this.#highWord = 0;
    if (short < 126) {
      this.#length = short;
      this.#headerEnd();
    } else {
      this.#lengthLeft = short === 126 ? 2 : 8;
      this.#phase = "length";
    }
  }

  #lengthByte(byte: number): void {
    this.#lengthLeft--;
    // The upper half is kept apart: together they may be more than a safe integer.
    if (this.#lengthLeft >= 4) this.#highWord = this.#highWord * 256 + byte;
    else this.#length = this.#length * 256 + byte;
    if (this.#lengthLeft > 0) return;
    if (this.#highWord > highWordMax) {
      this.isFaulty = true;
      this.#phase = "stopped";
      return;
    }
    this.#length += this.#highWord * 2 ** 32;
    this.#headerEnd();
  }

  #headerEnd(): void {
    if (this.#opcode < opcodes.close) {
      if (!this.#inMessage) {
        this.#inMessage = true;
        this.#messageSinceMs = this.unfinishedSinceMs ?? 0;
        if (this.#opcode === opcodes.binary) this.binaries++;
      }
      this.messageBytes += this.#length;
    }
    this.#left = maskBytes + this.#length;
    this.#phase = "skip";
  }

  #end(): void {
    this.#phase = "first";
    switch (this.#opcode) {
      case opcodes.ping:
        this.pings++;
        break;
      case opcodes.pong:
        this.pongs++;
        break;
      case opcodes.close:
        this.hasClosed = true;
        this.#phase = "stopped";
        this.unfinishedSinceMs = null;
        return;
      default:
        this.#dataEnd();
    }
    this.unfinishedSinceMs = this.#inMessage ? this.#messageSinceMs : null;
  }

  #dataEnd(): void {
    this.fragments++;
    this.fragmentsMost = Math.max(this.fragmentsMost, this.fragments);
    if (!this.#isFinal) return;
    this.messages++;
    this.fragments = 0;
    this.messageBytes = 0;
    this.#inMessage = false;
  }
}

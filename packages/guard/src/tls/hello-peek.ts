/**
 * Reads the first message of a TLS client, the ClientHello, without consuming it: which name it asks for, which protocols it speaks,
 * and which key made the ticket that it brings. Pure, and it must never throw or grow past its bound, whatever the bytes are.
 * It judges nothing: what it cannot read is handed to OpenSSL all the same, whose alert is the right answer.
 *
 *     record   22 | 3 x | length | fragment ...          (a hello may be cut into several records, and records into segments)
 *     message   1 | length (3) | version | random (32) | session id | ciphers | compression | extensions
 */
import { ticketName, ticketNameBytes } from "./ticket-keys.ts";

/** A longer hello is not read. Today's are between 0.2 and 2 KB. */
export const helloBytesMax = 16_384;
/** What is held of a connection while it is looked at: one hello, and the heads of the records that it comes in. */
export const peekBytesMax = helloBytesMax + 2_048;

const recordHeadBytes = 5;
/** Of plain text, as a hello is (RFC 8446, section 5.1). */
const recordBytesMax = 16_384;
const messageHeadBytes = 4;
const handshakeRecord = 22;
const clientHello = 1;
const [serverNameType, alpnType, sessionTicketType, preSharedKeyType] = [0, 16, 35, 41];
const protocolsMax = 16;
const ticketsMax = 8;
const nameLengthMax = 255;

export interface Hello {
  /** Server name indication, in lower case. */
  readonly sni: string | null;
  /** Protocols that the client speaks, as it prefers them; the first 16. */
  readonly alpn: readonly string[];
  /** Key names of the tickets it brings, in its order; the first 8. */
  readonly ticketNames: readonly string[];
}

/** `other`: nothing that this parser reads; OpenSSL may still, or will say why not. */
export type Peek = { readonly kind: "more" } | { readonly kind: "hello"; readonly hello: Hello } | { readonly kind: "other"; readonly why: OtherStart };
export type OtherStart = "not_tls" | "too_large" | "malformed";

const more: Peek = { kind: "more" };
const other = (why: OtherStart): Peek => ({ kind: "other", why });

/** Collects the start of a connection until its hello is whole. Each byte is looked at a fixed number of times, however it is cut. */
export class HelloPeek {
  #bytes = new Uint8Array(0);
  #size = 0;
  /** Where the record under way begins, and how much of the message the records before it held. */
  #recordAt = 0;
  #messageBefore = 0;
  #messageBytes: number | null = null;
  #result: Peek = more;

  /** Everything that was taken, in order. */
  get taken(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Takes what came next. Once the answer is not `more` it stays, and further bytes are only kept. */
  take(chunk: Uint8Array): Peek {
    this.#append(chunk);
    if (this.#result.kind === "more") this.#result = this.#look();
    if (this.#result.kind === "more" && this.#size >= peekBytesMax) this.#result = other("too_large");
    return this.#result;
  }

  #append(chunk: Uint8Array): void {
    const size = this.#size + chunk.length;
    if (size > this.#bytes.length) {
      // Doubling, so that a hello that trickles in is not copied once per byte.
      const grown = new Uint8Array(Math.max(size, Math.min(2 * this.#bytes.length, peekBytesMax)));
      grown.set(this.taken);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#size);
    this.#size = size;
  }

  #look(): Peek {
    // Not a byte past the bound, so that the answer does not depend on how the bytes were cut.
    const bytes = this.#bytes.subarray(0, Math.min(this.#size, peekBytesMax));
    for (;;) {
      const at = this.#recordAt;
      if (bytes.length > at && bytes[at] !== handshakeRecord) return other("not_tls");
      if (bytes.length > at + 1 && bytes[at + 1] !== 3) return other("not_tls");
      if (bytes.length < at + recordHeadBytes) return more;
      const length = uint16(bytes, at + 3);
      if (length === 0 || length > recordBytesMax) return other("malformed");
      const end = at + recordHeadBytes + length;
      const have = this.#messageBefore + Math.min(end, bytes.length) - at - recordHeadBytes;
      if (this.#messageBytes === null && have >= messageHeadBytes) {
        const head = messageStart(bytes, messageHeadBytes);
        if (head[0] !== clientHello) return other("malformed");
        this.#messageBytes = messageHeadBytes + ((head[1] ?? 0) << 16) + uint16(head, 2);
        if (this.#messageBytes > helloBytesMax) return other("too_large");
      }
      if (this.#messageBytes !== null && have >= this.#messageBytes) return parseHello(messageStart(bytes, this.#messageBytes));
      if (bytes.length < end) return more;
      this.#messageBefore += length;
      this.#recordAt = end;
    }
  }
}

const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** The first bytes of the message, without the heads of the records around it. They must be there. */
function messageStart(bytes: Uint8Array, wanted: number): Uint8Array {
  const message = new Uint8Array(wanted);
  for (let at = 0, done = 0; done < wanted; ) {
    const length = uint16(bytes, at + 3);
    const from = at + recordHeadBytes;
    message.set(bytes.subarray(from, from + Math.min(length, wanted - done)), done);
    done += length;
    at = from + length;
  }
  return message;
}

/** A cursor over bytes whose every step may fail: then it answers null, and so does all that follows. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(count: number): Uint8Array | null {
    if (this.#at + count > this.#bytes.length) return null;
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  number(bytes: 1 | 2): number | null {
    const taken = this.take(bytes);
    if (taken === null) return null;
    return bytes === 1 ? (taken[0] ?? 0) : uint16(taken, 0);
  }

  /** A run of bytes with its length before it. */
  vector(lengthBytes: 1 | 2): Uint8Array | null {
    const length = this.number(lengthBytes);
    return length === null ? null : this.take(length);
  }
}

function parseHello(message: Uint8Array): Peek {
  const cursor = new Cursor(message.subarray(messageHeadBytes));
  const fixed = cursor.take(2 + 32);
  const [sessionId, ciphers, compression] = [cursor.vector(1), cursor.vector(2), cursor.vector(1)];
  if (fixed === null || sessionId === null || ciphers === null || compression === null) return other("malformed");
  const found: Found = { sni: null, alpn: [], ticketNames: [] };
  // Clients of TLS 1.2 may send no extensions at all.
  if (cursor.isAtEnd) return { kind: "hello", hello: found };
  const extensions = cursor.vector(2);
  if (extensions === null) return other("malformed");
  const each = new Cursor(extensions);
  while (!each.isAtEnd) {
    const [type, body] = [each.number(2), each.vector(2)];
    if (type === null || body === null || !readExtension(type, body, found)) return other("malformed");
  }
  return { kind: "hello", hello: found };
}

interface Found {
  sni: string | null;
  alpn: string[];
  ticketNames: string[];
}

/** Whether the extension could be read, or does not matter here. */
function readExtension(type: number, body: Uint8Array, found: Found): boolean {
  switch (type) {
    case serverNameType:
      return readServerName(body, found);
    case alpnType:
      return readAlpn(body, found);
    case sessionTicketType:
      addTicket(body, found);
      return true;
    case preSharedKeyType:
      return readPreSharedKeys(body, found);
    default:
      return true;
  }
}

function readServerName(body: Uint8Array, found: Found): boolean {
  const list = new Cursor(body).vector(2);
  if (list === null) return false;
  const names = new Cursor(list);
  while (!names.isAtEnd) {
    const [type, name] = [names.number(1), names.vector(2)];
    if (type === null || name === null) return false;
    if (type === 0 && found.sni === null && name.length <= nameLengthMax) found.sni = printable(name)?.toLowerCase() ?? null;
  }
  return true;
}

function readAlpn(body: Uint8Array, found: Found): boolean {
  const list = new Cursor(body).vector(2);
  if (list === null) return false;
  const names = new Cursor(list);
  while (!names.isAtEnd) {
    const name = names.vector(1);
    if (name === null) return false;
    const text = printable(name);
    if (text !== null && found.alpn.length < protocolsMax) found.alpn.push(text);
  }
  return true;
}

function readPreSharedKeys(body: Uint8Array, found: Found): boolean {
  const list = new Cursor(body).vector(2);
  if (list === null) return false;
  const identities = new Cursor(list);
  while (!identities.isAtEnd) {
    const identity = identities.vector(2);
    // After each identity stands how old its ticket is, obfuscated.
    if (identity === null || identities.take(4) === null) return false;
    addTicket(identity, found);
  }
  return true;
}

function addTicket(ticket: Uint8Array, found: Found): void {
  if (ticket.length >= ticketNameBytes && found.ticketNames.length < ticketsMax) found.ticketNames.push(ticketName(ticket));
}

/** Text of visible ASCII, else null: it ends up in logs and tables. */
function printable(bytes: Uint8Array): string | null {
  return bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f) ? String.fromCharCode(...bytes) : null;
}

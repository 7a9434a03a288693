/**
 * Builds first messages of TLS clients, good and cut ones, byte by byte.
 */
export interface HelloParts {
  readonly sni?: string;
  readonly alpn?: readonly string[];
  /** A ticket of TLS 1.2; empty for a client that would take one. */
  readonly ticket?: Uint8Array;
  /** Tickets of TLS 1.3. */
  readonly identities?: readonly Uint8Array[];
  /** Bytes of an extension that nobody knows, to make the message long. */
  readonly padding?: number;
  readonly withoutExtensions?: boolean;
}

const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
const vector8 = (bytes: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(bytes.length), bytes]);
const vector16 = (bytes: Uint8Array): Uint8Array => Buffer.concat([uint16(bytes.length), bytes]);
const extension = (type: number, body: Uint8Array): Uint8Array => Buffer.concat([uint16(type), vector16(body)]);
const text = (value: string): Uint8Array => Buffer.from(value, "latin1");

/** The message alone, without records around it. */
export function clientHello({ sni, alpn, ticket, identities, padding, withoutExtensions = false }: HelloParts): Uint8Array {
  const extensions: Uint8Array[] = [];
  if (sni !== undefined) extensions.push(extension(0, vector16(Buffer.concat([Uint8Array.of(0), vector16(text(sni))]))));
  if (padding !== undefined) extensions.push(extension(21, new Uint8Array(padding)));
  if (alpn !== undefined) extensions.push(extension(16, vector16(Buffer.concat(alpn.map((name) => vector8(text(name)))))));
  if (ticket !== undefined) extensions.push(extension(35, ticket));
  if (identities !== undefined) {
    const each = identities.map((identity) => Buffer.concat([vector16(identity), new Uint8Array(4)]));
    extensions.push(extension(41, Buffer.concat([vector16(Buffer.concat(each)), vector16(vector8(new Uint8Array(32)))])));
  }
  const body = Buffer.concat([
    Uint8Array.of(3, 3),
    new Uint8Array(32),
    vector8(new Uint8Array(32)),
    vector16(Uint8Array.of(0x13, 0x01)),
    vector8(Uint8Array.of(0)),
    ...(withoutExtensions ? [] : [vector16(Buffer.concat(extensions))]),
  ]);
  return Buffer.concat([Uint8Array.of(1, 0), uint16(body.length), body]);
}

/** A message in records of at most so many bytes. */
export function inRecords(message: Uint8Array, recordBytes = 16_384): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(Buffer.concat([Uint8Array.of(22, 3, 1), vector16(message.subarray(at, at + recordBytes))]));
  }
  return Buffer.concat(records);
}

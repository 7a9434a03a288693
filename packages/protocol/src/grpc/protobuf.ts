/**
 * Protocol Buffers' wire format, driven by schemas that are data: as much of it as the services of this project use. Pure, and made for
 * peers that mean harm: whatever is malformed is refused as a whole, unknown fields are skipped, and nothing nests deeper than its schema.
 * It must never throw for what a peer sent, nor keep more of it than the message's own bytes.
 *
 *     | field << 3 | wire type (varint) | value |     0: varint   1: 8 bytes   2: length, bytes   5: 4 bytes
 */

import { repeatedMax } from "../bounds.ts";

/** What a field holds. Numbers are whole, from 0 on; those beyond 2^53-1 are read as Infinity, which fits nowhere. */
export type FieldKind = "string" | "bytes" | "number" | "bool" | Schema;

export interface Field {
  readonly no: number;
  readonly kind: FieldKind;
  readonly repeated?: true;
  /** Told apart from its default: `optional`, or the name of the `oneof` it belongs to. */
  readonly presence?: string;
}

/** One message: its fields by their names. */
export type Schema = { readonly [name: string]: Field };

/** A message as an object. What is absent is not there; of a `oneof` at most one is. */
export type Message = Record<string, unknown>;

const wire = { varint: 0, eight: 1, bytes: 2, four: 5 } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// ---- writing

class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  varint(value: number): void {
    this.#room(10);
    let rest = value;
    // Shifts would cut at 32 bits.
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) + 128;
    this.#bytes[this.#length++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** The bytes of a message. `value` is the program's own: what it holds is not checked. */
export function encodeMessage(schema: Schema, value: Readonly<Message>): Uint8Array {
  const writer = new Writer();
  for (const [name, field] of Object.entries(schema)) {
    const given = value[name];
    if (given === undefined) continue;
    for (const each of field.repeated ? (given as readonly unknown[]) : [given]) encodeField(writer, field, each);
  }
  return writer.written;
}

function encodeField(writer: Writer, { no, kind, presence, repeated }: Field, value: unknown): void {
  // What equals its default is left out where that says the same.
  const isDefault = value === 0 || value === false || value === "" || (value instanceof Uint8Array && value.length === 0);
  if (isDefault && presence === undefined && repeated === undefined) return;
  if (kind === "number" || kind === "bool") {
    writer.varint(no * 8 + wire.varint);
    writer.varint(Number(value));
    return;
  }
  writer.varint(no * 8 + wire.bytes);
  if (kind === "string") writer.bytes(encoder.encode(value as string));
  else writer.bytes(kind === "bytes" ? (value as Uint8Array) : encodeMessage(kind, value as Message));
}

// ---- reading

/** The one thing thrown here, and caught at the border. */
const malformed = new Error("malformed protobuf");

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let i = 0, scale = 1; i < 10; i++, scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed;
      value += (byte & 127) * scale;
      if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? value : Number.POSITIVE_INFINITY;
    }
    throw malformed;
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed;
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** The bytes of a field, of a varint none; its number where it is one. */
  value(wireType: number): { readonly number: number; readonly bytes: Uint8Array } {
    switch (wireType) {
      case wire.varint:
        return { number: this.varint(), bytes: noBytes };
      case wire.eight:
        return { number: 0, bytes: this.bytes(8) };
      case wire.bytes:
        return { number: 0, bytes: this.bytes(this.varint()) };
      case wire.four:
        return { number: 0, bytes: this.bytes(4) };
      default:
        throw malformed; // Groups, which nest without bound, and what does not exist.
    }
  }
}

const noBytes = new Uint8Array(0);
const byNumber = new WeakMap<Schema, ReadonlyMap<number, readonly [name: string, field: Field]>>();

function fieldsOf(schema: Schema): ReadonlyMap<number, readonly [name: string, field: Field]> {
  let fields = byNumber.get(schema);
  if (fields === undefined) {
    fields = new Map(Object.entries(schema).map(([name, field]) => [field.no, [name, field]]));
    byNumber.set(schema, fields);
  }
  return fields;
}

const rivals = new WeakMap<Field, readonly string[]>();

/** The others of its `oneof`. */
function rivalsOf(field: Field, schema: Schema): readonly string[] {
  let names = rivals.get(field);
  if (names === undefined) {
    names = Object.entries(schema).flatMap(([name, other]) => (other !== field && other.presence === field.presence ? [name] : []));
    rivals.set(field, names);
  }
  return names;
}

/** The message in `bytes`, null when they are none. Bytes fields are parts of `bytes`: whoever keeps them copies them. */
export function decodeMessage(schema: Schema, bytes: Uint8Array): Message | null {
  try {
    return read(schema, bytes, { left: repeatedMax });
  } catch (thrown) {
    if (thrown === malformed) return null;
    throw thrown;
  }
}

function read(schema: Schema, bytes: Uint8Array, repeated: { left: number }, into: Message = {}): Message {
  const fields = fieldsOf(schema);
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const no = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (no === 0 || tag > 0xffff_ffff) throw malformed;
    const value = reader.value(wireType);
    const [name, field] = fields.get(no) ?? [];
    if (name === undefined || field === undefined || wireType !== (field.kind === "number" || field.kind === "bool" ? wire.varint : wire.bytes)) continue;
    // Messages that come twice are one, as the format has it, and of everything else the last counts.
    const before = field.repeated ? undefined : into[name];
    // Nobody means a value that is not the last: what is replaced, or added to, is counted like an element.
    if (before !== undefined && repeated.left-- === 0) throw malformed;
    const taken = fieldValue(field.kind, value, repeated, before as Message | undefined);
    if (field.repeated) {
      if (repeated.left-- === 0) throw malformed;
      if (into[name] === undefined) into[name] = [];
      (into[name] as unknown[]).push(taken);
      continue;
    }
    if (field.presence !== undefined && field.presence !== "optional") {
      for (const other of rivalsOf(field, schema)) {
        if (into[other] === undefined) continue;
        if (repeated.left-- === 0) throw malformed;
        delete into[other];
      }
    }
    into[name] = taken;
  }
  return into;
}

function fieldValue(kind: FieldKind, { number, bytes }: ReturnType<Reader["value"]>, repeated: { left: number }, before: Message | undefined): unknown {
  switch (kind) {
    case "number":
      return number;
    case "bool":
      return number !== 0;
    case "bytes":
      return bytes;
    case "string":
      try {
        return decoder.decode(bytes);
      } catch {
        throw malformed;
      }
    default:
      return read(kind, bytes, repeated, before ?? {});
  }
}

/**
 * The .proto files and the codec say the same: every field is compared with protoc's descriptors, and protoc reads what the codec writes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { encodeCallFrame, encodeEntry, encodeSubscribeRequest } from "../../src/grpc/line-messages.ts";
import { lineSchema } from "../../src/grpc/line-schema.ts";
import { decodeMessage, encodeMessage, type Field, type Message, type Schema } from "../../src/grpc/protobuf.ts";

const proto = fileURLToPath(new URL("../../proto", import.meta.url));
const file = "holdfast/v1/line.proto";

const FieldDescriptor = {
  name: { no: 1, kind: "string" },
  number: { no: 3, kind: "number" },
  label: { no: 4, kind: "number" },
  type: { no: 5, kind: "number" },
  typeName: { no: 6, kind: "string" },
  oneofIndex: { no: 9, kind: "number", presence: "optional" },
  proto3Optional: { no: 17, kind: "bool" },
} as const satisfies Schema;
const Descriptor = {
  name: { no: 1, kind: "string" },
  field: { no: 2, kind: FieldDescriptor, repeated: true },
  oneof: { no: 8, kind: { name: { no: 1, kind: "string" } }, repeated: true },
} as const satisfies Schema;
const FileSet = { file: { no: 1, kind: { message: { no: 4, kind: Descriptor, repeated: true } }, repeated: true } } as const satisfies Schema;

const types: Readonly<Record<number, string>> = { 4: "number", 8: "bool", 9: "string", 12: "bytes", 11: "message" };
const repeatedLabel = 3;
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

interface FoundField {
  name: string;
  number: number;
  label: number;
  type: number;
  typeName?: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
}

const kindName = (kind: Field["kind"]): string =>
  typeof kind === "string" ? kind : (Object.entries(lineSchema).find(([, schema]) => schema === kind)?.[0] ?? "unnamed");

function described(message: Message): Record<string, string> {
  const oneofs = (message["oneof"] ?? []) as { name: string }[];
  const fields = (message["field"] ?? []) as FoundField[];
  return Object.fromEntries(
    fields.map(({ name, number, label, type, typeName, oneofIndex, proto3Optional }) => {
      const kind = types[type] === "message" ? typeName?.replace(".holdfast.v1.", "") : types[type];
      const presence = proto3Optional ? "optional" : oneofIndex === undefined ? "" : oneofs[oneofIndex]?.name;
      return [camel(name), `${number} ${kind} ${label === repeatedLabel ? "repeated" : ""} ${presence}`];
    }),
  );
}

const listed = (schema: Schema): Record<string, string> =>
  Object.fromEntries(
    Object.entries(schema).map(([name, { no, kind, repeated, presence = "" }]) => [name, `${no} ${kindName(kind)} ${repeated ? "repeated" : ""} ${presence}`]),
  );

function protoc(args: string[], input?: Uint8Array | string): Buffer {
  const { status, stdout, stderr } = spawnSync("protoc", ["-I", proto, ...args], { input });
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

describe("line.proto", { skip: needs("protoc") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-proto-"));
  after(() => rmSync(folder, { recursive: true }));

  it("has the messages and fields of the codec, and no others", () => {
    const set = join(folder, "set");
    protoc([`--descriptor_set_out=${set}`, file]);
    const read = decodeMessage(FileSet, readFileSync(set)) as { file: { message: Message[] }[] };
    const found = Object.fromEntries((read.file[0]?.message ?? []).map((message) => [message["name"], described(message)]));
    assert.deepEqual(found, Object.fromEntries(Object.entries(lineSchema).map(([name, schema]) => [name, listed(schema)])));
  });

  const decode = (name: string, framed: Uint8Array): string => protoc([`--decode=holdfast.v1.${name}`, file], framed.subarray(5)).toString();

  it("is what protoc reads in what the codec writes", () => {
    const entry = {
      stream: "rooms/ä",
      position: "e.12",
      prev: "e.11",
      timeMs: 1_767_225_600_000,
      key: "k",
      format: "json",
      payload: Buffer.from("[1]"),
    } as const;
    assert.equal(
      decode("SubscribeResponse", encodeEntry(entry)),
      'entry {\n  stream: "rooms/\\303\\244"\n  position: "e.12"\n  prev: "e.11"\n  time_ms: 1767225600000\n  key: "k"\n  json: "[1]"\n}\n',
    );
    const empty = encodeEntry({ ...entry, key: undefined, format: "bytes", payload: new Uint8Array(0) });
    assert.match(decode("SubscribeResponse", empty), /binary: ""\n/);
    const beat = encodeCallFrame({ type: "beat", streams: { a: { sent: "e.11", head: "e.12" } }, reconnect: { windowMs: 0 } });
    assert.equal(
      decode("SubscribeResponse", beat),
      'beat {\n  streams {\n    stream: "a"\n    sent: "e.11"\n    head: "e.12"\n  }\n  reconnect_window_ms: 0\n}\n',
    );
    assert.equal(
      decode("SubscribeResponse", encodeCallFrame({ type: "unsubscribed", stream: "a", id: 0, code: "forbidden" })),
      'unsubscribed {\n  stream: "a"\n  id: 0\n  code: "forbidden"\n}\n',
    );
    const subscribe = encodeSubscribeRequest({ type: "subscribe", id: 7, stream: "a", from: { last: 3 } });
    assert.equal(decode("SubscribeRequest", subscribe), 'subscribe {\n  id: 7\n  stream: "a"\n  after: "last:3"\n}\n');
  });

  it("is what the codec reads in what protoc writes", () => {
    const text =
      'hello { token: "t" } unsubscribe: "a" subscribe { id: 1 stream: "b" after: "now" } publish { id: 2 entry { stream: "c" json: "1" producer { id: "p" seq: 4 } } }';
    assert.deepEqual(decodeMessage(lineSchema.SubscribeRequest, new Uint8Array(protoc([`--encode=holdfast.v1.SubscribeRequest`, file], text))), {
      hello: { token: "t" },
      unsubscribe: ["a"],
      subscribe: [{ id: 1, stream: "b", after: "now" }],
      publish: [{ id: 2, entry: { stream: "c", json: new Uint8Array([0x31]), producer: { id: "p", seq: 4 } } }],
    });
    assert.equal(encodeMessage(lineSchema.SubscribeRequest, {}).length, 0);
  });
});

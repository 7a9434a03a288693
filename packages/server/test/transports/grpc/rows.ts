/**
 * What a hostile caller sends over gRPC and what comes of it, as data: numbers are those of the hostile table, letters tell variants apart.
 * Common to every row: the session goes on, a link on it is given an entry before and after, and what is refused is counted once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { lengthPrefixed } from "@holdfast/protocol";
import { encodeMessage, lineSchema } from "@holdfast/protocol/grpc";
import type { GrpcSession, RawCall } from "../../support/grpc-call.ts";

export interface GrpcRow {
  readonly part: "F";
  readonly row: string;
  readonly input: string;
  readonly expected: string;
  readonly codes: readonly string[];
  readonly status: number;
  readonly run: (session: GrpcSession) => RawCall | Promise<RawCall>;
}

const subscribe = "/holdfast.v1.Line/Subscribe";
const publish = "/holdfast.v1.Line/Publish";
const head = (length: number, flags = 0): Buffer => {
  const bytes = Buffer.alloc(5, flags);
  bytes.writeUInt32BE(length, 1);
  return bytes;
};
const good = lengthPrefixed(encodeMessage(lineSchema.PublishRequest, { stream: "hostile", json: Buffer.from("1") }));
const large = lengthPrefixed(encodeMessage(lineSchema.PublishRequest, { stream: "hostile", binary: new Uint8Array(200_000) }));

/** Each byte as a frame of its own: the next is written when the last has left. */
async function byteByByte(call: RawCall, bytes: Uint8Array): Promise<RawCall> {
  for (let i = 0; i < bytes.length && call.end["grpc-status"] === undefined && !call.stream.destroyed; i++) {
    call.stream.write(bytes.subarray(i, i + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return call;
}

export const grpcRows: readonly GrpcRow[] = [
  {
    ...{ part: "F", row: "67", status: 8, codes: ["frame_too_large"] },
    input: "A message whose length is above the limit",
    expected: "`RESOURCE_EXHAUSTED` as soon as the length is known; nothing of it is kept",
    run: (session) => session.call(publish, Buffer.concat([head(0x7fff_ffff), Buffer.alloc(1_000)])),
  },
  {
    ...{ part: "F", row: "67a", status: 13, codes: ["protocol_error"] },
    input: "A message that says it is compressed, where no encoding was named",
    expected: "`INTERNAL`; it is not inflated",
    run: (session) => session.call(publish, Buffer.concat([head(3, 1), Buffer.from([1, 2, 3])])),
  },
  {
    ...{ part: "F", row: "67b", status: 12, codes: ["unsupported_media_type"] },
    input: "A call that names an encoding",
    expected: "`UNIMPLEMENTED`, with `grpc-accept-encoding: identity`",
    run: (session) => session.call(publish, good, { "grpc-encoding": "gzip" }),
  },
  {
    ...{ part: "F", row: "67c", status: 13, codes: ["protocol_error"] },
    input: "A request that does not begin like a message",
    expected: "`INTERNAL`",
    run: (session) => session.call(subscribe, Buffer.from("GET / HTTP/1.1\r\n\r\n")),
  },
  {
    ...{ part: "F", row: "67d", status: 13, codes: ["protocol_error"] },
    input: "A message that is no protobuf: groups within groups",
    expected: "`INTERNAL`; nothing nests",
    run: (session) => session.call(subscribe, lengthPrefixed(Buffer.alloc(60_000, 0x0b))),
  },
  {
    ...{ part: "F", row: "67e", status: 13, codes: ["protocol_error"] },
    input: "A message of 20,000 empty subscriptions",
    expected: "`INTERNAL` above `repeatedMax`; not one of them is answered",
    run: (session) => session.call(subscribe, lengthPrefixed(Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? 0x22 : 0))))),
  },
  {
    ...{ part: "F", row: "67f", status: 13, codes: ["protocol_error"] },
    input: "A request that ends in the middle of a message",
    expected: "`INTERNAL`",
    run: (session) => session.call(publish, good.subarray(0, good.length - 1)),
  },
  {
    ...{ part: "F", row: "67g", status: 13, codes: ["protocol_error"] },
    input: "Two messages for a method that takes one",
    expected: "`INTERNAL`; nothing is published",
    run: (session) => session.call(publish, Buffer.concat([good, good])),
  },
  {
    ...{ part: "F", row: "67h", status: 13, codes: ["bad_request"] },
    input: "A deadline that is none",
    expected: "`INTERNAL`",
    run: (session) => session.call(publish, good, { "grpc-timeout": "123456789S" }),
  },
  {
    ...{ part: "F", row: "67i", status: 12, codes: ["not_found"] },
    input: "A method that does not exist",
    expected: "`UNIMPLEMENTED`",
    run: (session) => session.call("/holdfast.v1.Line/Nothing", good),
  },
  {
    ...{ part: "F", row: "67j", status: 4, codes: ["handshake_timeout"] },
    input: "A call whose message never comes",
    expected: "`DEADLINE_EXCEEDED` after `handshakeMs`, three times that for a publish",
    run: async (session) => {
      const call = session.call(subscribe, null);
      await sleep(10);
      return call;
    },
  },
  {
    ...{ part: "F", row: "68", status: 8, codes: ["frame_too_large"] },
    input: "A message of 200 KB in frames of one byte",
    expected: "`RESOURCE_EXHAUSTED` long before its end",
    run: (session) => byteByByte(session.call(publish, null), large),
  },
];

/**
 * `grpc.reflection.v1.ServerReflection` and its former name: tells tools that have no .proto what this server speaks, from descriptors that
 * are made ahead (descriptors.ts). Anybody may ask; there is nothing in them but this project's own files.
 */
import { lengthPrefixed } from "@holdfast/protocol";
import { decodeMessage, encodeMessage, grpcStatuses, type Message, type Schema } from "@holdfast/protocol/grpc";
import { framingFault, type GrpcCall } from "./call.ts";
import { descriptorFiles } from "./descriptors.ts";

const request = "request";
const response = "response";
const ExtensionRequest = { containingType: { no: 1, kind: "string" }, extensionNumber: { no: 2, kind: "number" } } as const satisfies Schema;
const ServiceResponse = { name: { no: 1, kind: "string" } } as const satisfies Schema;
const ErrorResponse = { errorCode: { no: 1, kind: "number" }, errorMessage: { no: 2, kind: "string" } } as const satisfies Schema;
const ServerReflectionRequest = {
  host: { no: 1, kind: "string" },
  fileByFilename: { no: 3, kind: "string", presence: request },
  fileContainingSymbol: { no: 4, kind: "string", presence: request },
  fileContainingExtension: { no: 5, kind: ExtensionRequest, presence: request },
  allExtensionNumbersOfType: { no: 6, kind: "string", presence: request },
  listServices: { no: 7, kind: "string", presence: request },
} as const satisfies Schema;
const ServerReflectionResponse = {
  validHost: { no: 1, kind: "string" },
  /** A message: given back as it came. */
  originalRequest: { no: 2, kind: "bytes", presence: "optional" },
  fileDescriptorResponse: { no: 4, kind: { fileDescriptorProto: { no: 1, kind: "bytes", repeated: true } }, presence: response },
  listServicesResponse: { no: 6, kind: { service: { no: 1, kind: ServiceResponse, repeated: true } }, presence: response },
  errorResponse: { no: 7, kind: ErrorResponse, presence: response },
} as const satisfies Schema;

const requestBytesMax = 4_096;
/** Questions of one call; tools ask one per file and symbol. */
const questionsMax = 1_000;
/** Answers that wait for a tool that does not read them. */
const waitingBytesMax = 262_144;
/** A tool asks, and leaves. */
const callMs = 60_000;

const named = (names: readonly string[]): { service: Message[] } => ({ service: names.map((name) => ({ name })) });
const notFound = (what: string): Message => ({ errorResponse: { errorCode: grpcStatuses.NOT_FOUND, errorMessage: `no such ${what}` } });

/** The file that defines a symbol, or one inside it: a method, a field. */
function fileOf(symbol: string): Uint8Array | undefined {
  for (const { symbols, bytes } of descriptorFiles()) {
    if (symbols.some((each) => symbol === each || symbol.startsWith(`${each}.`))) return bytes;
  }
  return undefined;
}

function answerTo(asked: Message): Message {
  const { fileByFilename, fileContainingSymbol, fileContainingExtension, allExtensionNumbersOfType, listServices } = asked;
  if (listServices !== undefined) return { listServicesResponse: named(descriptorFiles().flatMap(({ services }) => services)) };
  if (fileContainingExtension !== undefined || allExtensionNumbersOfType !== undefined) return notFound("extension");
  const isByName = fileByFilename !== undefined;
  const bytes = isByName ? descriptorFiles().find(({ name }) => name === fileByFilename)?.bytes : fileOf((fileContainingSymbol as string | undefined) ?? "");
  return bytes === undefined ? notFound(isByName ? "file" : "symbol") : { fileDescriptorResponse: { fileDescriptorProto: [bytes] } };
}

/** Answers what a tool asks, in order. */
export function reflect(call: GrpcCall, timeoutMs: number | null): void {
  let questions = 0;
  call.within(Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, callMs), () => call.end({ status: "DEADLINE_EXCEEDED" }));
  call.read(
    requestBytesMax,
    (message) => {
      const asked = decodeMessage(ServerReflectionRequest, message);
      if (asked === null) return call.end(framingFault("malformed"));
      if (++questions > questionsMax) return call.end({ status: "RESOURCE_EXHAUSTED", message: `expected at most ${questionsMax} questions` });
      if (call.stream.writableLength > waitingBytesMax) return call.end({ status: "RESOURCE_EXHAUSTED", message: "expected answers to be read" });
      const answer = { validHost: asked["host"], originalRequest: message, ...answerTo(asked) };
      call.write(lengthPrefixed(encodeMessage(ServerReflectionResponse, answer)));
    },
    () => {
      call.begin();
      call.end({ status: "OK" });
    },
    (end) => call.end(end),
  );
}

/**
 * gRPC's side of the protocol: the messages of proto/holdfast/v1/line.proto, and which status stands for which code. Apart from the rest,
 * because browsers have no use for it.
 */
export {
  type CallFrame,
  decodePublishRequest,
  decodeSubscribeRequest,
  decodeSubscribeResponse,
  encodeCallFrame,
  encodeEntry,
  encodePublishResponse,
  encodeSubscribeRequest,
} from "./line-messages.ts";
export { lineSchema } from "./line-schema.ts";
export { decodeMessage, encodeMessage, type Field, type FieldKind, type Message, type Schema } from "./protobuf.ts";
export { type CallCode, type GrpcStatusName, grpcMessage, grpcStatusDocs, grpcStatuses, grpcStatusOf, grpcTimeoutMs } from "./status.ts";

/**
 * The protocol: frames, positions, codes and limits. Bytes and values only: no I/O, no timers, no dependency.
 */
export { fromBase64, toBase64 } from "./base64.ts";
export {
  durationMsMax,
  entryBytesMax,
  jsonDepthMax,
  lastEntriesMax,
  wireBytesMax,
} from "./bounds.ts";
export { type Code, type CodeRule, codeRules, type GapReason, isCode, type Retry } from "./code-rules.ts";
export { type CodeRow, codes, gapReasons } from "./codes.ts";
export { type Decoded, type DecodeFault, decodeClientFrame, decodeFrom, decodeProducer } from "./decode-client.ts";
export { type DecodedServerFrame, decodeServerFrame, rawData } from "./decode-server.ts";
export {
  type EntryHeader,
  encodeClientFrame,
  encodePublish,
  encodeServerFrame,
  entryOfParts,
  entryPart,
  entryPrefix,
  type PublishMessage,
  partBase64,
  partCount,
} from "./encode.ts";
export { type Clock, type Env, type Rng, randomFraction, randomId, type Timer } from "./env.ts";
export { type ErrorDetails, HoldfastError } from "./errors.ts";
export {
  type AuthedFrame,
  type AuthFrame,
  type BeatFrame,
  type ClientFrame,
  type ClosedFrame,
  type EntryFrame,
  type EntryPartFrame,
  type ErrorFrame,
  type From,
  type GapFrame,
  type GoawayFrame,
  type HelloFrame,
  linkContentType,
  type PayloadFormat,
  type PingFrame,
  type PongFrame,
  type ProducerTuple,
  type PublishedFrame,
  type PublishFrame,
  type PublishPartFrame,
  protocolVersion,
  type ReconnectAdvice,
  type RefusedFrame,
  type ServerBeatFrame,
  type ServerFrame,
  type StreamBeat,
  type SubscribedFrame,
  type SubscribeFrame,
  subprotocol,
  type UnsubscribedFrame,
  type UnsubscribeFrame,
  type WelcomeFrame,
} from "./frames.ts";
export { rawMember } from "./json-tokens.ts";
export { isKey } from "./keys.ts";
export { type FramingFault, LengthPrefixedReader, lengthPrefixBytes, lengthPrefixed, writeHead } from "./length-prefixed.ts";
export { type Limit, limits } from "./limits.ts";
export { type Cursor, comparePositions, formatPosition, isPositionLike, origin, originCursor, parsePosition } from "./position.ts";
export { nestsDeeperThan, rawMembers } from "./raw-json.ts";
export { retryOf, retryOfClose } from "./retry.ts";
export { heldStream, isStreamName, matchesPattern, streamNameFault } from "./stream-name.ts";

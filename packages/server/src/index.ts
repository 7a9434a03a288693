/**
 * The server: a hub over an engine, behind transports and an HTTP interface.
 */
export { nodeEnv } from "@holdfast/guard";
export type {
  Action,
  Auth,
  AuthorizeFunction,
  Authorizer,
  Credentials,
  Principal,
  Question,
  Rights,
} from "./auth/authorizer.ts";
export type { HookRefusal, Hooks, LinkEnd, LinkFacts, PublishFacts } from "./auth/hooks.ts";
export type { LoadKeys } from "./auth/jwks.ts";
export { type JwtOptions, jwtAuthorizer } from "./auth/jwt.ts";
export type { Revocation } from "./auth/revocation.ts";
export type { Carrier, CarrierEvents, CloseDetails, OutgoingEntry, WireFormat } from "./carrier.ts";
export type {
  AppendEntry,
  AppendRefusal,
  AppendRequest,
  AppendResult,
  Engine,
  EngineCapabilities,
  EngineHealth,
  Entry,
  EpochStart,
  Head,
  Interest,
  ListOptions,
  LiveEvent,
  ReadOptions,
  ReadResult,
  Retention,
  StreamInfo,
} from "./engine.ts";
export { epochOf, type Located, locate, positionOf } from "./epochs.ts";
export { Hub, type HubStats } from "./hub/hub.ts";
export { decisionFault, resolveServerOptions, type ServerOptions, serverOptionDocs } from "./options.ts";
export { createServer, type HoldfastServer, type ServerParts } from "./server.ts";
export { pollTransport } from "./transports/poll.ts";
export type { RequestTransport, TransportParts } from "./transports/request-transport.ts";
export { sseTransport } from "./transports/sse.ts";

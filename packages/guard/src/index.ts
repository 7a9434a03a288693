/**
 * `@holdfast/guard`: the connections that a Node server accepts, managed.
 */

export type { PathOptions } from "@holdfast/path";
export type { AnyServer } from "./adapters/attach.ts";
export { nodeEnv } from "./adapters/env.ts";
export { Admission, type Admitted, type Later } from "./admission.ts";
export type { ConnectionPart, Ending, TlsFacts, Watched } from "./connection.ts";
export type { ConnectionRow } from "./connection-row.ts";
export type { Phase } from "./connection-state.ts";
export type { GuardCounters } from "./counters.ts";
export { type EndCode, type EndRow, endCodes, ends, type Side } from "./ends.ts";
export { type Guard, type GuardEvents, type GuardParts, guard, type ListenerParts } from "./guard.ts";
export type { Http2Counters } from "./http2/counters.ts";
export type { Http2Part } from "./http2/session-guard.ts";
export {
  type Http2Contradiction,
  type Http2Limits,
  http2Contradictions,
  http2LimitDocs,
  http2ServerOptions,
  resolveHttp2Limits,
} from "./http2/settings.ts";
export { type IntakeCounters, type IntakeHandlers, ProxyIntake, type RefusedConnection } from "./identity/adapters/accept-proxied.ts";
export { type ProxiedListener, proxiedListener } from "./identity/adapters/proxied-listener.ts";
export type { ConnectionFacts, ShownEnd } from "./identity/adapters/shown-address.ts";
export { addressKey, normalizeAddress } from "./identity/address.ts";
export { type CidrList, cidrList } from "./identity/cidr.ts";
export { type ForwardedClient, type ForwardedOptions, type ForwardedRequest, type ForwardedStop, forwardedReader } from "./identity/forwarded.ts";
export { type OneHeader, oneHeader } from "./identity/headers.ts";
export { type HostCheck, type HostOptions, type HostPolicy, hostPolicy, type OwnRequest } from "./identity/host.ts";
export { identityOptionDocs, type ProxiedListenerOptions, resolveProxiedListener } from "./identity/options.ts";
export { type OriginCheck, type OriginOptions, type OriginPolicy, originPolicy } from "./identity/origin.ts";
export type { Endpoint, ProxiedTls, ProxyAdditions, ProxyHeader } from "./identity/proxy-protocol/header.ts";
export type { ProxyMode } from "./identity/proxy-protocol/reader.ts";
export { type ProxyRefusal, proxyRefusals } from "./identity/refusals.ts";
export { type AdminListener, adminListener } from "./looking/adapters/admin-server.ts";
export { type AdminOptions, adminOptionsFault } from "./looking/admin.ts";
export { type CloseLine, CloseLog, type CloseLogOptions, closeLine, isPunishment, type Logger, pinoLog } from "./looking/log.ts";
export { type GuardMetric, guardMetricDocs } from "./looking/metric-docs.ts";
export { guardMetrics, type Looked, type MetricSources, type TlsFigures } from "./looking/metrics.ts";
export { type GuardOptions, guardOptionDocs, resolveGuardOptions } from "./options.ts";
export { type FromPath, type StreamOptions, withPath } from "./path-options.ts";
export { keepAliveBehind, type Role } from "./roles.ts";
export { type AttachSettings, attachTls, type SecureDoor, takeOver } from "./tls/adapters/attach-tls.ts";
export { type FrontEnv, tlsFront } from "./tls/adapters/tls-front.ts";
export { CertificateError } from "./tls/certificate-store.ts";
export { type HandshakeFailure, handshakeFailures } from "./tls/handshake-failure.ts";
export { type SniCallback, type TlsFrontOptions, type TlsFrontSettings, tlsOptionDocs } from "./tls/options.ts";
export {
  type CertificateFacts,
  type CertificateFault,
  type HandshakeCounters,
  type Reload,
  type TicketAge,
  type TlsCounters,
  type TlsEvents,
  type TlsFailure,
  type TlsFront,
  type TlsNotice,
  tlsNotices,
} from "./tls/tls-front.ts";
export { tooEarly } from "./tls/too-early.ts";
export type { WebSocketCounters } from "./websocket/counters.ts";
export { type GuardedWebSockets, guardWebSockets, type SweptConnection, type WebSocketGuardStart } from "./websocket/guard-websockets.ts";
export { resolveWebSocketLimits, type WebSocketLimits, webSocketLimitDocs } from "./websocket/limits.ts";
export { pingBody } from "./websocket/socket-part.ts";
export type { WsServer, WsSocket } from "./websocket/ws-types.ts";

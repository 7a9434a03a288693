/**
 * The rules for nginx. A new one is a function in a file of its family, a row of findings/nginx.ts and a name here.
 */
import type { Rule } from "../rule.ts";
import { keepaliveOff, keepaliveRequests, tlsResumption } from "./clients.ts";
import { grpcByProxyPass, grpcTimeout, grpcWithoutHttp2 } from "./grpc.ts";
import { headersDropped, upgradeHardCoded, upgradeMapCloses, webSocketHeaders } from "./headers.ts";
import { proxyProtocolMismatch, proxyProtocolPooled, retriesNonIdempotent, tcpTimeout } from "./passing.ts";
import { noPool, poolByDefaultNow, poolOrder, poolSize, poolUnused } from "./pool.ts";
import { accelIgnored, accelMisplaced, streamBuffered, streamCompressed, streamTimeout } from "./streams.ts";
import { timeUnit } from "./times.ts";
import { backlog, nofile, reloadUnbounded, workerConnections } from "./workers.ts";

export const nginxRules: readonly Rule[] = [
  poolUnused,
  noPool,
  poolOrder,
  poolByDefaultNow,
  poolSize,
  headersDropped,
  upgradeMapCloses,
  upgradeHardCoded,
  webSocketHeaders,
  streamTimeout,
  streamBuffered,
  accelIgnored,
  accelMisplaced,
  streamCompressed,
  grpcTimeout,
  grpcByProxyPass,
  grpcWithoutHttp2,
  keepaliveOff,
  keepaliveRequests,
  tlsResumption,
  workerConnections,
  nofile,
  backlog,
  reloadUnbounded,
  proxyProtocolMismatch,
  proxyProtocolPooled,
  tcpTimeout,
  retriesNonIdempotent,
  timeUnit,
];

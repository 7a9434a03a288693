/**
 * Heartbeats, probes, and how an end is noticed. Data only.
 */
import type { Claim } from "./claim.ts";

export const lifeClaims = {
  "tcp-keepalive-default": {
    claim: "The 2 h default of TCP keepalive is usually sufficient",
    verdict: "false",
    truth: "NATs, firewalls and network balancers forget after 4 min to 15 min; a dead peer is noticed after 2 h 11 min",
    by: "read",
    evidence: "docs/hops.md, boxes below TCP; `sysctl` on Linux 6.18: 7200, 75, 9",
    findings: ["keepalive_two_hours", "flow_forgets"],
    options: ["guard tcpKeepAliveMs", "pool tcpKeepAliveMs"],
    pages: ["timeouts", "hops"],
  },
  "tcp-keepalive-60": {
    claim: "TCP keepalive after 60 s to 120 s, then every 10 s, six times",
    verdict: "half",
    truth:
      "Keeps the memory of boxes below TCP, and only that: no balancer that speaks HTTP counts probes, and a probe is answered by a kernel whose program hangs",
    by: "read",
    evidence: "docs.aws.amazon.com, Classic Load Balancers, config-idle-timeout: probes carry no payload",
    findings: ["heartbeat_not_counted"],
    options: ["guard tcpKeepAliveMs"],
    pages: ["timeouts", "hops"],
  },
  "tcp-keepalive-off-http": {
    claim: "TCP keepalive off for HTTP, on for WebSocket",
    verdict: "half",
    truth: "A pool's idle connections pass NATs and firewalls as WebSockets do. On for both, 60 s, for each socket",
    by: "read",
    evidence: "docs/hops.md, boxes below TCP",
    findings: ["flow_forgets"],
    options: ["guard tcpKeepAliveMs", "pool tcpKeepAliveMs"],
    pages: ["timeouts"],
  },
  "sysctl-keeps-sockets": {
    claim: "sysctl's keepalive keeps the kernel from reaping idle sockets; applications send the probes",
    verdict: "false",
    truth:
      "The kernel reaps no idle socket. It sends the probes itself, only where the program asked for them (SO_KEEPALIVE), by the figures of the socket's network namespace",
    by: "read",
    evidence: "tcp(7), tcp_keepalive_time; socket(7), SO_KEEPALIVE",
    findings: ["keepalive_two_hours"],
    pages: ["hops"],
  },
  "beat-30": {
    claim: "A heartbeat every 30 s, 10 s to answer",
    verdict: "half",
    truth: "Before a hop of 60 s it survives no lost beat, before one of 30 s none at all. The period follows from the path: 25 s for 60 s",
    by: "read",
    evidence: "the ladder's rule C1",
    findings: ["heartbeat_too_slow"],
    options: ["server heartbeatMs", "guard heartbeatMs"],
    pages: ["websocket", "timeouts"],
  },
  "grpc-30s": {
    claim: "gRPC keepalive every 30 s, without open calls too",
    verdict: "false",
    truth:
      "A server permits a PING every 5 min by default (2 h without calls) and ends the connection at the third strike: ENHANCE_YOUR_CALM, too_many_pings. Its policy has to be set with the client's period",
    by: "read",
    evidence: "grpc/proposal A8 and A9",
    findings: ["ping_refused"],
    options: ["pool pingMs", "pool pingIdleMs"],
    pages: ["grpc", "pool-http2"],
  },
  "disconnect-by-event": {
    claim: "A disconnect is noticed by the error or close event",
    verdict: "half",
    truth:
      "Where a FIN or a reset comes. A flow that was forgotten, and a peer that lost its power, say nothing: a deadline on what arrives is needed at both ends",
    by: "measured",
    evidence: "e2e/black-hole.test.ts",
    findings: ["detection_too_late"],
    options: ["guard ackMs"],
    pages: ["websocket", "socket"],
  },
  "requests-stop-holding": {
    claim: "keepalive_requests keeps clients from holding connections for ever",
    verdict: "false",
    truth: "A count does nothing to a connection on which nothing is sent. A maximum age does (`keepalive_time`), and an idle limit",
    by: "read",
    evidence: "nginx.org, ngx_http_core_module, keepalive_requests and keepalive_time",
    options: ["guard ageMs", "guard idleMs"],
    pages: ["hops", "guard"],
  },
  "users-who-left": {
    claim: "Connections of users who left are wasted; a maximum of requests cures it",
    verdict: "false",
    truth: "Who left sends no request. The idle limit ends them, sooner under pressure",
    by: "measured",
    evidence: "packages/guard/test/reclaim.test.ts; packages/guard/test/keep-alive.test.ts",
    options: ["guard keepAliveMs", "guard pressurePercent"],
    pages: ["guard"],
  },
} as const satisfies Record<string, Claim>;

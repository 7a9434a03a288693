/**
 * What a kept connection saves, and what it does not. Data only.
 */
import type { Claim } from "./claim.ts";
import { saves } from "./evidence.ts";

export const savingsClaims = {
  "handshake-2rtt-400ms": {
    claim: "A new connection costs 2 round trips, 400 ms at 200 ms",
    verdict: "half",
    truth: "2 with the request and its answer, over plain TCP. 3 with TLS 1.3 (resumed or not) or TLS 1.2 resumed, 4 with TLS 1.2",
    by: "measured",
    evidence: `${saves}, round trips of a request on a new connection`,
    pages: ["keep-alive"],
  },
  "handshake-1rtt": {
    claim: "A handshake is one round trip",
    verdict: "half",
    truth: "TCP's alone. TLS 1.3 adds one, TLS 1.2 two, TLS 1.2 resumed one",
    by: "measured",
    evidence: `${saves}, round trips of a request on a new connection`,
    pages: ["keep-alive"],
  },
  "handshake-2-3rtt": {
    claim: "TCP and TLS take 2 to 3 round trips before the first byte",
    verdict: "true",
    truth: "2 with TLS 1.3 or a resumed 1.2, 3 with a whole TLS 1.2 handshake",
    by: "measured",
    evidence: `${saves}, round trips of a request on a new connection`,
    pages: ["keep-alive"],
  },
  "saves-3-8": {
    claim: "Keep-alive makes 100 files 3.8 times as fast",
    verdict: "half",
    truth:
      "In one cell of twenty: TLS 1.2 with whole handshakes, one request after the other (3.89). Plain HTTP gains 1.96, with six connections 1.87; TLS 1.3 2.94 and 2.66",
    by: "measured",
    evidence: saves,
    pages: ["keep-alive"],
  },
  "saves-40s-to-4s": {
    claim: "100 files at 200 ms: 40 s without keep-alive, 38 s of it handshakes, 4.2 s with it",
    verdict: "false",
    truth:
      "40.4 s without is right for plain HTTP on one connection at a time; half of that is handshakes, and with keep-alive 20.6 s are left. 4.2 s needs six connections as well",
    by: "measured",
    evidence: saves,
    pages: ["keep-alive"],
  },
  "reuse-keeps-window": {
    claim: "A reused connection keeps its congestion window",
    verdict: "half",
    truth: "Not after a pause of a retransmission timeout: `tcp_slow_start_after_idle` is 1 by default",
    by: "read",
    evidence: "ip-sysctl.rst; `sysctl net.ipv4.tcp_slow_start_after_idle` is 1 on Linux 6.18",
    findings: ["slow_start_after_idle"],
    pages: ["keep-alive"],
  },
  "zero-rtt": {
    claim: "TLS 1.3 for its 0-RTT",
    verdict: "half",
    truth: "Early data can be replayed: for idempotent requests only, with 425 Too Early for the rest. Node offers none",
    by: "read",
    evidence: "RFC 8470; RFC 8446, section 8",
    pages: ["tls", "keep-alive"],
  },
  "server-push": {
    claim: "Server Push as an advantage of HTTP/2",
    verdict: "false",
    truth: "Chrome switched it off in 106, nginx removed it in 1.25.1, Firefox in 132",
    by: "read",
    evidence: "nginx CHANGES 1.25.1; release notes of the browsers, in others' words",
    pages: ["claims"],
  },
  "one-h2-connection": {
    claim: "One HTTP/2 connection per backend is enough",
    verdict: "half",
    truth:
      "Behind a balancer of connections it pins all requests to one backend, and all stop when it ends. Few connections, a maximum age and a rotation by GOAWAY; or a balancer of requests",
    by: "measured",
    evidence: "e2e/pool-http2.test.ts; docs/pool-http2.md",
    options: ["pool sessionsMax", "pool ageMs"],
    pages: ["pool-http2"],
  },
  "least-connections": {
    claim: "Least connections is the right balancing for long-lived connections",
    verdict: "half",
    truth: "In a steady state. After a restart the empty server draws every reconnect at once: only with a slow start or admission at the server",
    by: "measured",
    evidence: "`npm run bench -- herd`, docs/performance.md",
    options: ["server admissionPerSecond"],
    pages: ["performance", "pool-backends"],
  },
} as const satisfies Record<string, Claim>;

/**
 * How long, how many, how large: figures that are published as if each held everywhere. Data only.
 */
import type { Claim } from "./claim.ts";
import { races } from "./evidence.ts";

export const figuresClaims = {
  "idle-5-10": {
    claim: "Idle timeout of 5 s to 10 s",
    verdict: "half",
    truth: "For a listener that browsers reach. Behind a proxy with a pool of 60 s it is the race",
    by: "measured",
    evidence: races,
    findings: ["keepalive_race"],
    options: ["guard role"],
    pages: ["timeouts"],
  },
  "idle-60-75": {
    claim: "Idle timeout of 60 s, 65 s or 75 s, each said to be the right one",
    verdict: "half",
    truth:
      "No figure is right by itself: behind a proxy it follows from the proxy's pool (60 s: 66 s; 90 s: 99 s; 600 s: 660 s), before browsers it follows from descriptors. Where these run short the longest idle connection is to end first",
    by: "measured",
    evidence: `${races}, as guard derives it`,
    options: ["guard role", "guard proxyIdleMs", "guard pressurePercent"],
    pages: ["timeouts", "guard"],
  },
  "max-requests-100": {
    claim: "100 requests per connection (elsewhere 100 to 1,000, or 1,000)",
    verdict: "half",
    truth:
      "Harmless where the end is announced and really comes; 100 costs a handshake every 100 requests. nginx had 100 before 1.19.10 and has 1,000 since; Node has no limit",
    by: "measured",
    evidence: `${races}, last answers`,
    findings: ["nginx_keepalive_requests_low"],
    options: ["guard requestsMax", "guard ageMs"],
    pages: ["timeouts", "hops"],
  },
  "pool-size": {
    claim: "Pools of 10 to 50 per backend, 32, 64 per worker, servers times 10, 100 sockets of which 10 idle",
    verdict: "half",
    truth:
      "What is needed is rate times latency for each backend, bounded by what the backend bears. nginx's figure is for each worker, and replicas multiply again",
    by: "read",
    evidence: "Little's law; nginx.org, ngx_http_upstream_module, keepalive",
    findings: ["pool_too_large", "nginx_pool_size"],
    options: ["pool max"],
    pages: ["pool"],
  },
  "database-pool-10": {
    claim: "10 connections to the database",
    verdict: "half",
    truth: "10 for each process: replicas (those of a deploy's surge too) times processes times 10 has to fit below `max_connections`, whose default is 100",
    by: "measured",
    evidence: "PostgreSQL 15, `postgres -C max_connections`; docs/database-budget.md",
    findings: ["pool_too_large"],
    options: ["pool max"],
    pages: ["database-budget"],
  },
  "memory-200-kb": {
    claim: "1 GB for 5,000 connections: 200 KB each",
    verdict: "false",
    truth: "An idle WebSocket of Node costs 6 KB, over TLS about 50 KB. What an application hangs on a session comes on top and is its own",
    by: "measured",
    evidence: "`npm run bench -- tls-memory`, docs/performance.md",
    findings: ["memory_short"],
    pages: ["performance"],
  },
  "memory-16-kb": {
    claim: "100,000 connections at 16 KB each: 1.6 GB",
    verdict: "half",
    truth:
      "About what a server with a heap of its own needs without TLS (6 to 16 KB were measured for four servers); over TLS it is three times as much. It is no buffer of the kernel: an idle socket holds none",
    by: "measured",
    evidence: "`npm run bench -- idle-memory`, docs/performance.md",
    findings: ["memory_short"],
    pages: ["performance"],
  },
  "windows-16-mb": {
    claim: "HTTP/2 windows of 1 MB to 16 MB",
    verdict: "half",
    truth:
      "Good for throughput over a long path; window times streams times connections is what peers can make a process hold. Bounded by what the path needs and by a total",
    by: "measured",
    evidence: "packages/pool/test/http2/windows.test.ts; packages/pool/test/http2/window-budget.test.ts",
    options: ["pool windowBytesMax", "pool windowBytesTotalMax"],
    pages: ["pool-http2"],
  },
  "connlimit-50": {
    claim: "At most 50 connections per source address, others reset by iptables",
    verdict: "half",
    truth:
      "Offices and carriers' NATs share one address, and an IPv6 user has a whole /64. A cap is needed; a high one, counted by prefix, answered and not reset",
    by: "read",
    evidence: "RFC 6888, section 1; docs/guard.md",
    options: ["guard perAddressMax"],
    pages: ["guard"],
  },
} as const satisfies Record<string, Claim>;

/**
 * Which of two timers must be the longer one. Data only.
 */
import type { Claim } from "./claim.ts";
import { nodeTest, races } from "./evidence.ts";

export const orderClaims = {
  "order-lb-above-server": {
    claim: "The balancer's idle timeout is to be at least that of the server",
    verdict: "half",
    truth:
      "Right for deadlines, where the inner hop is to give up first. For kept connections it makes the race: the side that sends the next request has to give up first",
    by: "measured",
    evidence: races,
    findings: ["keepalive_race"],
    options: ["guard proxyIdleMs"],
    pages: ["timeouts"],
  },
  "order-server-slightly-above": {
    claim: "The server's keep-alive is to be slightly above that of the proxy before it",
    verdict: "true",
    truth:
      "By a margin: two round trips, what both timers are late by and a second; a tenth of the timer where that is more, 5 s where somebody else runs the sender",
    by: "measured",
    evidence: races,
    findings: ["keepalive_race"],
    options: ["guard proxyIdleMs"],
    pages: ["timeouts"],
  },
  "order-10-60": {
    claim: "A balancer of 10 s before a server of 60 s is a fault, because the balancer closes first",
    verdict: "false",
    truth: "It is the right order: the balancer sends the next request, so it closes first. No finding is made of it",
    by: "measured",
    evidence: `${races}, rows \`above\``,
    pages: ["timeouts"],
  },
  "order-60-120": {
    claim: "A balancer of 60 s before a backend of 120 s answers 502",
    verdict: "false",
    truth: "It is the right order; 502 comes from the reverse. No finding is made of it",
    by: "measured",
    evidence: `${races}, rows \`above\``,
    pages: ["timeouts"],
  },
  "order-bottom-up": {
    claim: "Application below proxy below firewall",
    verdict: "half",
    truth:
      "True of deadlines; false of idle timers between proxy and application. What a firewall forgets is to be above the sender's idle timer, or reminded by TCP probes",
    by: "measured",
    evidence: races,
    findings: ["deadline_order", "keepalive_race", "flow_forgets"],
    pages: ["timeouts"],
  },
  "order-75-65": {
    claim: "nginx with `keepalive_timeout 75s` in its upstream, before Node with 65 s",
    verdict: "false",
    truth: "A race of 10 s: the pool relies on connections that the server has closed. The same text asks for the server to be above the proxy",
    by: "measured",
    evidence: `${races}, rows \`below\``,
    findings: ["keepalive_race"],
    pages: ["timeouts"],
  },
  "order-60-5": {
    claim: "nginx's default upstream pool (60 s) before Node's default of 5 s",
    verdict: "false",
    truth: "Node closes after 6 s (5 s and its buffer of 1 s), the pool believes for 60 s",
    by: "measured",
    evidence: `${races}; ${nodeTest}`,
    findings: ["keepalive_race"],
    options: ["guard proxyIdleMs"],
    pages: ["timeouts", "hops"],
  },
  "order-who-reuses": {
    claim: "The application server attempts to reuse the connection at 65 s, which the proxy has closed at 60 s",
    verdict: "false",
    truth: "The proxy sends, so it reuses; the server waits or closes. A proxy that closed first is what is wanted",
    by: "read",
    evidence: "RFC 9112, sections 9.3 and 9.5",
    pages: ["timeouts"],
  },
  "balancer-drops-silently": {
    claim: "An idle balancer drops the connection without telling anybody",
    verdict: "half",
    truth: "Boxes below TCP do (NAT, firewall, network balancer). Balancers that speak HTTP mostly send a FIN",
    by: "read",
    evidence: "docs/hops.md, column Ends",
    findings: ["flow_forgets"],
    pages: ["hops"],
  },
} as const satisfies Record<string, Claim>;

/**
 * The findings that a server makes from the ends of its own connections. Data only; docs/findings/ is made from it.
 */
import type { FindingDoc } from "../finding.ts";

export const learnedFindings = {
  silence_names_a_hop: {
    title: "Open streams die after one and the same silence",
    severity: "warning",
    symptom: "WebSockets close with 1006, event streams and calls break off, always after the same quiet time.",
    why: "A peer that leaves does so after any silence. A timer of a box on the path ends a connection after exactly its own.",
    fix: "A heartbeat more than twice as often as that, as payload; or a longer timer at the hop that the evidence names.",
    guards:
      "At least 20 ends by the peer or the network, a spike of 10 of them or more that is a tenth of all, and four times as dense as what stands on each side of it. What the server ended itself does not count.",
    sources: ["docs/looking.md"],
  },
  idle_names_a_hop: {
    title: "Whoever sends requests closes idle connections after one and the same time",
    severity: "info",
    symptom: "Kept connections end by the peer's hand after the same quiet time.",
    why: "That is the idle timer of the pool in front. It is the right side to close first, as long as this server's own timer is the longer one.",
    fix: "Keep `keepAliveMs` above that time with a margin, as docs/timeouts.md says; state it as `proxyIdleMs`, so that a change is refused that would break it.",
    guards: "As with `silence_names_a_hop`.",
    sources: ["docs/timeouts.md"],
  },
} as const satisfies Record<string, FindingDoc>;

/**
 * Whom a listener faces decides its keep-alive, because the right answers are opposite. Browsers open few connections and come back
 * seldom: short, and reclaimable. A proxy keeps a pool: on that link the proxy sends the next request, so it must give up first
 * (RFC 9112, section 9.5), and the server waits longer than the proxy's pool does.
 */

export type Role = "browser" | "proxy";

/** What a pool's own timer may be late by, clocks and a retransmission included. Cloud balancers promise no better. */
const marginMsMin = 5_000;

/** How long a server must keep an idle connection so that a sender which gives up after `proxyIdleMs` always gives up first: U + max(5 s, 10 %). */
export function keepAliveBehind(proxyIdleMs: number): number {
  return proxyIdleMs + Math.max(marginMsMin, Math.ceil(proxyIdleMs / 10));
}

/** Keep-alive of a listener that browsers reach directly, in ms. A page's requests come in bursts; after that a descriptor is better free. */
export const browserKeepAliveMs = 15_000;

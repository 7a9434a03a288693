/**
 * What a hub and its engine have counted, for Prometheus. It is shown on the admin listener: figures are nobody's business on the public one. Values are read from the hub when asked; the hot path knows nothing of it.
 */
import { Counter, Gauge, Registry } from "prom-client";
import type { Engine } from "../engine.ts";
import type { Counters } from "../hub/counters.ts";
import type { Hub } from "../hub/hub.ts";

type NumberNames = { [K in keyof Counters]: Counters[K] extends number ? K : never }[keyof Counters];

const totals: readonly (readonly [NumberNames, string, string])[] = [
  ["linksAccepted", "holdfast_links_accepted_total", "Links accepted"],
  ["deliveries", "holdfast_deliveries_total", "Entries handed to links"],
  ["deliverWrites", "holdfast_deliver_writes_total", "Writes that took"],
  ["deliveredBytes", "holdfast_delivered_bytes_total", "Bytes of delivered entries"],
  ["published", "holdfast_published_total", "Entries appended"],
  ["publishedDuplicates", "holdfast_published_duplicates_total", "Publishes recognised as repetitions"],
  ["pageReads", "holdfast_page_reads_total", "Pages read from the engine"],
  ["pageHits", "holdfast_page_hits_total", "Pages served from the cache"],
  ["headReads", "holdfast_head_reads_total", "Heads read from the engine"],
  ["tailEvictions", "holdfast_tail_evictions_total", "Tails emptied because all together held too much"],
  ["tailDoubts", "holdfast_tail_doubts_total", "Live events that did not continue a tail"],
  ["resumesFromTail", "holdfast_resumes_from_tail_total", "Resumes served from a tail"],
  ["resumesFromPage", "holdfast_resumes_from_page_total", "Resumes served from pages"],
  ["resumesFromGap", "holdfast_resumes_from_gap_total", "Gaps announced"],
  ["authorizeAsked", "holdfast_authorize_asked_total", "Questions put to whoever decides"],
  ["authorizeFailed", "holdfast_authorize_failed_total", "Questions that brought no verdict"],
  ["authorizeLate", "holdfast_authorize_late_total", "Questions given up at their deadline"],
  ["authorizeCrowded", "holdfast_authorize_crowded_total", "Questions refused because too many waited"],
  ["renewals", "holdfast_renewals_total", "Links that took another token while they ran"],
  ["revokedLinks", "holdfast_revoked_links_total", "Links ended because access was revoked"],
  ["hookErrors", "holdfast_hook_errors_total", "Hooks of the application that failed"],
];

const labelled: readonly (readonly ["refused" | "closed" | "gaps", string, string, string])[] = [
  ["refused", "holdfast_refused_total", "Requests, messages and links refused", "code"],
  ["closed", "holdfast_closed_total", "Links closed by this node", "code"],
  ["gaps", "holdfast_gaps_total", "Gaps announced, by reason", "reason"],
];

const gauges: readonly (readonly [string, string, (hub: Hub, engine: Engine) => number])[] = [
  ["holdfast_subscriptions", "Subscriptions now", (hub) => hub.stats().subscriptions],
  ["holdfast_streams_live", "Streams with a tail in memory", (hub) => hub.stats().streams],
  ["holdfast_tail_bytes", "Bytes of tails in memory", (hub) => hub.stats().tailBytes],
  ["holdfast_page_cache_bytes", "Bytes of cached pages", (hub) => hub.stats().pageBytes],
  ["holdfast_engine_ok", "1 while the engine takes writes", (_, engine) => (engine.health().state === "ok" ? 1 : 0)],
];

/** A registry that shows one hub and its engine. */
export function metricsOf(hub: Hub, engine: Engine, revocations: { readonly size: number; readonly dropped: number } | null = null): Registry {
  const registry = new Registry();
  const registers = [registry];
  for (const [field, name, help] of totals) {
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(hub.counters[field]);
    };
    new Counter({ name, help, registers, collect });
  }
  for (const [field, name, help, label] of labelled) {
    const collect = function (this: Counter): void {
      this.reset();
      for (const [key, value] of hub.counters[field]) this.inc({ [label]: key }, value);
    };
    new Counter({ name, help, registers, labelNames: [label], collect });
  }
  for (const [name, help, value] of gauges) {
    const collect = function (this: Gauge): void {
      this.set(value(hub, engine));
    };
    new Gauge({ name, help, registers, collect });
  }
  if (revocations !== null) {
    const revoked = function (this: Gauge): void {
      this.set(revocations.size);
    };
    new Gauge({ name: "holdfast_revocations", help: "Revocations remembered", registers, collect: revoked });
    const dropped = function (this: Counter): void {
      this.reset();
      this.inc(revocations.dropped);
    };
    new Counter({ name: "holdfast_revocations_dropped_total", help: "Revocations forgotten before their time", registers, collect: dropped });
  }
  const seen = new Set<string>();
  const collect = function (this: Gauge): void {
    const { linksByTransport } = hub.stats();
    for (const transport of Object.keys(linksByTransport)) seen.add(transport);
    // None is a figure, too: a graph must fall to 0, and not end.
    for (const transport of seen) this.set({ transport }, linksByTransport[transport] ?? 0);
  };
  new Gauge({ name: "holdfast_links", help: "Links now, by transport", registers, labelNames: ["transport"], collect });
  return registry;
}

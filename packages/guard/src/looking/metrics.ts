/**
 * What a guard shows to Prometheus. Everything is read when it is asked for; nothing is counted here.
 */
import type { Spike } from "@holdfast/path";
import { Registry } from "prom-client";
import { type EndCode, ends } from "../ends.ts";
import type { Guard } from "../guard.ts";
import type { Silences } from "../silences.ts";
import { type ProcessFigures, processFigures } from "./adapters/process-figures.ts";
import { expose, type Figures, type Sample } from "./exposition.ts";
import { type Group, type TableFigures, tableFigures } from "./figures.ts";
import { type GuardMetric, guardMetricDocs } from "./metric-docs.ts";

/** What is looked at of a guard. */
export interface Looked extends Pick<Guard, "options" | "counters" | "ready" | "connections" | "addresses" | "descriptors"> {
  readonly handshakes: readonly TlsFigures[];
}

/** Counters of the handshakes of one listener. */
export interface TlsFigures {
  /** All that were done, resumed ones included. */
  readonly handshakes: number;
  readonly resumed: number;
  /** By a reason out of a fixed list. */
  readonly failed: Readonly<Record<string, number>>;
}

/** What guard itself does not know. What is not given is not shown. */
export interface MetricSources {
  readonly log?: { readonly suppressed: number };
}

type Shown = Exclude<GuardMetric, "holdfast_guard_admin_refused_total">;

/** Adds guard's metrics to `registry`, and returns it. Throws when they are in it already. */
export function guardMetrics(guard: Looked, registry: Registry = new Registry(), sources: MetricSources = {}): Registry {
  const readers = readersOf(guard, sources, processFigures());
  for (const [name, read] of Object.entries(readers) as [Shown, () => Figures][]) {
    const { type, what } = guardMetricDocs[name];
    expose(registry, name, type, what, read);
  }
  return registry;
}

function readersOf(guard: Looked, sources: MetricSources, { heap, loopDelay }: ProcessFigures): Readonly<Record<Shown, () => Figures>> {
  const { counters } = guard;
  const table = oneLook(guard);
  const tls = (): TlsFigures | null => tlsFigures(guard.handshakes);
  return {
    holdfast_guard_connections: groupsSeen(table),
    holdfast_guard_addresses: () => guard.addresses,
    holdfast_guard_connections_limit: () => guard.options.connectionsMax,
    holdfast_guard_open_age_seconds: () => table().ages,
    holdfast_guard_queued_bytes: () => table().bytesQueued,
    holdfast_guard_descriptors_open: () => guard.descriptors().open,
    holdfast_guard_descriptors_limit: () => guard.descriptors().max,
    holdfast_guard_heap_used_bytes: () => heap().usedBytes,
    holdfast_guard_heap_limit_bytes: () => heap().limitBytes,
    holdfast_guard_loop_delay_seconds: () => labelled("stat", Object.entries(loopDelay())),
    holdfast_guard_ready: () => (guard.ready ? 1 : 0),
    holdfast_guard_accepted_total: () => counters.accepted,
    holdfast_guard_refused_total: () => labelled("code", [...noneYet(), ...counters.refused]),
    holdfast_guard_ended_total: () => endings(counters.ended),
    holdfast_guard_ended_age_seconds: () => counters.age,
    holdfast_guard_silence_before_end_seconds: () => counters.silence,
    holdfast_guard_silence_spike_seconds: () => spikes(counters.silences, ({ middleMs }) => Math.round(middleMs / 100) / 10),
    holdfast_guard_silence_spike_ratio: () => spikes(counters.silences, ({ share }) => share),
    holdfast_guard_requests_total: () => counters.requests,
    holdfast_guard_requests_reused_total: () => counters.requestsReused,
    holdfast_guard_requests_late_total: () => counters.requestsLate,
    holdfast_guard_reused_ratio: () => ratio(counters.requestsReused, counters.requests),
    holdfast_guard_requests_per_connection: () => counters.requestsPerConnection,
    holdfast_guard_tls_handshakes_total: () => handshakes(tls()),
    holdfast_guard_tls_failures_total: () => labelled("reason", Object.entries(tls()?.failed ?? {})),
    holdfast_guard_tls_resumed_ratio: () => ratio(tls()?.resumed ?? 0, tls()?.handshakes ?? 0),
    holdfast_guard_log_suppressed_total: () => sources.log?.suppressed ?? null,
  };
}

/** The largest spike of each kind. */
function spikes(silences: Silences, value: (spike: Spike) => number): Sample[] {
  return (["stream", "idle"] as const).flatMap((of) => {
    const found = silences.spikes.find((each) => each.of === of);
    return found === undefined ? [] : [{ labels: { of }, value: value(found.spike) }];
  });
}

/** All listeners together; null where none has TLS. */
function tlsFigures(listeners: Looked["handshakes"]): TlsFigures | null {
  if (listeners.length === 0) return null;
  const failed: Record<string, number> = {};
  let [handshakes, resumed] = [0, 0];
  for (const counters of listeners) {
    handshakes += counters.handshakes;
    resumed += counters.resumed;
    for (const [reason, count] of Object.entries(counters.failed)) failed[reason] = (failed[reason] ?? 0) + count;
  }
  return { handshakes, resumed, failed };
}

/** A scrape reads several figures of the table, and looks at it once: they all are read in one turn. */
function oneLook(guard: Looked): () => TableFigures {
  let look: TableFigures | null = null;
  return () => {
    if (look === null) {
      look = tableFigures(guard.connections());
      void Promise.resolve().then(() => {
        look = null;
      });
    }
    return look;
  };
}

/** None is a figure, too: a graph must fall to 0, and not end. */
function groupsSeen(table: () => TableFigures): () => Sample[] {
  const seen = new Map<string, Group>();
  return () => {
    const { groups } = table();
    for (const [key, { group }] of groups) seen.set(key, group);
    return Array.from(seen, ([key, group]) => ({ labels: { ...group }, value: groups.get(key)?.count ?? 0 }));
  };
}

/** Later pairs win. */
function labelled(label: string, pairs: Iterable<readonly [string, number]>): Sample[] {
  return Array.from(new Map(pairs), ([key, value]) => ({ labels: { [label]: key }, value }));
}

/** A series that begins with its first event shows no increase at that event: every code is there from the start. */
function noneYet(): [EndCode, number][] {
  return (Object.keys(ends) as EndCode[]).map((code) => [code, 0]);
}

function endings(ended: ReadonlyMap<`${EndCode} ${string}`, number>): Sample[] {
  const all = new Map<string, number>([...noneYet().map(([code]) => [`${code} ${ends[code].side}`, 0] as const), ...ended]);
  return Array.from(all, ([key, value]) => {
    const [code = "", side = ""] = key.split(" ");
    return { labels: { code, side }, value };
  });
}

function handshakes(tls: TlsFigures | null): Sample[] | null {
  if (tls === null) return null;
  return labelled("session", [
    ["new", tls.handshakes - tls.resumed],
    ["resumed", tls.resumed],
  ]);
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

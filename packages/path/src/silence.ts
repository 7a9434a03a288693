/**
 * What the silences of connections before they died tell: a spike at 60 s names the hop that has such a timer. Pure.
 */
import { formatDuration } from "./duration.ts";
import type { Finding } from "./finding.ts";
import { learnedFindings } from "./findings/learned.ts";
import { findingMaker } from "./findings/make.ts";
import { type SilentKind, suspectsOf } from "./fingerprints.ts";
import { namedSuspects } from "./named-suspects.ts";
import { type DurationBucket, findSpikes, type Spike } from "./spikes.ts";

/** What died: streams (upgraded, or with an answer open), or connections between two requests. */
export type Silenced = "stream" | "idle";

export interface Silences {
  readonly of: Silenced;
  /** Of those that the peer or the network ended, by how long nothing had moved before. */
  readonly buckets: readonly DurationBucket[];
  /** How much earlier than they were the silences may have been measured. */
  readonly earlyMs: number;
}

const learned = findingMaker(learnedFindings);

const kinds: Readonly<Record<Silenced, SilentKind>> = { stream: "websocket", idle: "http1" };

/** In a title stand two, in the evidence more. */
const namesOf = ({ fromMs, toMs }: Spike, of: Silenced, earlyMs: number, namesMax = 2): string | null =>
  namedSuspects(suspectsOf({ of: kinds[of], atLeastMs: fromMs, atMostMs: toMs + earlyMs, toleranceMs: 250, seenBy: "receiver" }), namesMax);

/** A spike, and what it means. */
export interface SilenceSpike {
  readonly of: Silenced;
  readonly spike: Spike;
  readonly finding: Finding;
}

/** What each spike means, the largest first. */
export function explainSilence({ of, buckets, earlyMs }: Silences): SilenceSpike[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  return findSpikes(buckets).map((spike) => ({ of, spike, finding: of === "stream" ? ofStreams(spike, total, earlyMs) : ofIdle(spike, total, earlyMs) }));
}

/** `60 s (± 0.3 s)`. */
function spanOf({ fromMs, toMs, middleMs }: Spike): string {
  const round = (ms: number): number => (ms < 10_000 ? Math.round(ms / 100) * 100 : Math.round(ms / 1_000) * 1_000);
  return `${formatDuration(round(middleMs))} (± ${formatDuration(round((toMs - fromMs) / 2))})`;
}

function evidenceOf(spike: Spike, of: Silenced, earlyMs: number): string[] {
  const names = namesOf(spike, of, earlyMs, 8);
  return [
    `${spike.count} ends between ${formatDuration(spike.fromMs)} and ${formatDuration(spike.toMs)} of silence`,
    names === null
      ? "no hop of the database has such a timer by default: look for that figure in the configuration of your own"
      : `timers with that default: ${names}`,
  ];
}

const percent = ({ share }: Spike): number => Math.round(share * 100);

function ofStreams(spike: Spike, total: number, earlyMs: number): Finding {
  // Two beats, of which one may be lost, with a tenth of jitter and a round trip: C1 of docs/ladder.md.
  const mostMs = (spike.fromMs - Math.min(2_000, spike.fromMs / 4)) / 2.2;
  const stepMs = mostMs < 10_000 ? 500 : 1_000;
  const beatMs = Math.max(500, Math.floor(mostMs / stepMs) * stepMs);
  const names = namesOf(spike, "stream", earlyMs);
  return learned("silence_names_a_hop", {
    title: `${percent(spike)} % of ${total} deaths of open streams came after ${spanOf(spike)} of silence${names === null ? "" : `: ${names}`}`,
    evidence: [...evidenceOf(spike, "stream", earlyMs), "clients that give up by a timer of their own, after the same wait, look the same"],
    advice: [`a heartbeat every ${formatDuration(beatMs)} or more often, as payload`, "or a longer timer at that hop, for the routes that carry streams"],
  });
}

function ofIdle(spike: Spike, total: number, earlyMs: number): Finding {
  const names = namesOf(spike, "idle", earlyMs);
  return learned("idle_names_a_hop", {
    title: `${percent(spike)} % of ${total} idle connections were closed by the other side after ${spanOf(spike)}${names === null ? "" : `: ${names}`}`,
    evidence: evidenceOf(spike, "idle", earlyMs),
    advice: [`the keep-alive time here above ${formatDuration(Math.ceil(spike.toMs / 1_000) * 1_000)} with a margin (docs/timeouts.md)`],
  });
}

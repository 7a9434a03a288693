/**
 * Counters of one guard: plain numbers. Metrics read them; nothing decides by them.
 */
import type { Ending } from "./connection.ts";
import type { EndCode, Side } from "./ends.ts";
import { Histogram } from "./histogram.ts";
import { createHttp2Counters } from "./http2/counters.ts";
import { Silences } from "./silences.ts";

/** Seconds. */
export const ageBounds: readonly number[] = [0.1, 1, 5, 15, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400];

export class GuardCounters {
  readonly http2 = createHttp2Counters();
  accepted = 0;
  requests = 0;
  /** Requests on a connection that had served one before: what keep-alive is for. */
  requestsReused = 0;
  /** Requests that came after their connection had been closed for writing without an announcement: each has failed at its sender. */
  requestsLate = 0;
  /** Connections and requests turned away, by code. */
  readonly refused = new Map<EndCode, number>();
  /** Connections that ended, by code and side (`code side`). */
  readonly ended = new Map<`${EndCode} ${Side}`, number>();
  /** Seconds of age at the end. */
  readonly age = new Histogram(ageBounds);
  /** Seconds for which the peer had been silent at the end. Fine around the timers of known hops: a spike names one. */
  readonly silence = new Histogram([1, 5, 10, 15, 29, 31, 45, 55, 59, 61, 66, 75, 90, 100, 120, 180, 239, 241, 300, 349, 351, 400, 600, 900, 3_600]);
  /** The same of those that the peer or the network ended, fine enough to name the hop whose timer it was. */
  readonly silences = new Silences();
  /** Requests that a connection had served at its end. */
  readonly requestsPerConnection = new Histogram([0, 1, 2, 5, 10, 50, 100, 1_000, 10_000]);

  refuse(code: EndCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  end({ code, side, ageMs, silentMs, quiet }: Ending, requests: number): void {
    const key = `${code} ${side}` as const;
    this.ended.set(key, (this.ended.get(key) ?? 0) + 1);
    this.age.add(ageMs / 1_000);
    this.silence.add(silentMs / 1_000);
    this.requestsPerConnection.add(requests);
    if (quiet !== null && (side === "peer" || side === "network")) this.silences.add(quiet.of, quiet.ms);
  }
}

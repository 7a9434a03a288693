/**
 * What the lines of a log came to: counts, first and last, a few examples, durations. It is fed a line at a time and does not grow with
 * the log. Pure.
 */
import type { DurationBucket } from "@holdfast/path";
import { type DurationOf, type LogCode, type LogEvent, type LogProduct, phraseIn } from "./event.ts";
import { logLimits } from "./limits.ts";
import { logProducts } from "./products/index.ts";
import { redact } from "./redact.ts";
import { timeIn } from "./times.ts";

export interface LogRow {
  readonly code: LogCode;
  readonly product: string;
  readonly count: number;
  /** As the lines write them; null: they have none that is known. */
  readonly first: string | null;
  readonly last: string | null;
  readonly examples: readonly string[];
  /** Upstreams, backends or ports, the most frequent first. */
  readonly places: readonly (readonly [string, number])[];
  readonly durations: Readonly<Record<DurationOf, readonly DurationBucket[]>>;
}

export interface LogTally {
  readonly lines: number;
  /** Lines that mean something. */
  readonly known: number;
  /** Lines that were longer than is looked at. */
  readonly cut: number;
  readonly rows: readonly LogRow[];
}

interface Open {
  readonly code: LogCode;
  readonly product: string;
  count: number;
  first: string | null;
  last: string | null;
  readonly examples: string[];
  readonly places: Map<string, number>;
  readonly durations: Readonly<Record<DurationOf, Map<number, number>>>;
}

export class LogReader {
  #lines = 0;
  #known = 0;
  #cut = 0;
  readonly #rows = new Map<string, Open>();
  readonly #products: readonly LogProduct[];

  constructor(products: readonly LogProduct[] = logProducts) {
    this.#products = products;
  }

  get lines(): number {
    return this.#lines;
  }

  /** `isCut`: there was more of it. */
  line(text: string, isCut = false): void {
    this.#lines++;
    if (isCut) this.#cut++;
    for (const product of this.#products) {
      if (!product.hint.test(text)) continue;
      const event = product.read?.(text) ?? phraseIn(product.phrases, text);
      if (event === null) continue;
      this.#known++;
      this.#add(product, event, text);
      return;
    }
  }

  #add(product: LogProduct, event: LogEvent, text: string): void {
    const key = `${event.code} ${product.id}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = {
        code: event.code,
        product: product.name,
        count: 0,
        first: null,
        last: null,
        examples: [],
        places: new Map(),
        durations: { wait: new Map(), life: new Map() },
      };
      this.#rows.set(key, row);
    }
    row.count++;
    const at = timeIn(text);
    row.first ??= at;
    row.last = at ?? row.last;
    if (row.examples.length < logLimits.examplesMax.value) row.examples.push(redact(text));
    const place = event.where ?? "";
    if (place !== "" && (row.places.has(place) || row.places.size < logLimits.placesMax.value)) row.places.set(place, (row.places.get(place) ?? 0) + 1);
    if (event.ms !== null && event.msOf !== null && event.ms <= logLimits.durationMsMax.value) {
      const durations = row.durations[event.msOf];
      const fromMs = bucketFrom(event.ms);
      durations.set(fromMs, (durations.get(fromMs) ?? 0) + 1);
    }
  }

  tally(): LogTally {
    const rows = [...this.#rows.values()].map(({ places, durations, ...row }) => ({
      ...row,
      places: [...places].sort((a, b) => b[1] - a[1]),
      durations: { wait: bucketsOf(durations.wait), life: bucketsOf(durations.life) },
    }));
    return { lines: this.#lines, known: this.#known, cut: this.#cut, rows };
  }
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Narrow enough to tell timers apart, and so wide that a day has a few thousand of them. */
const widthOf = (ms: number): number => (ms < minuteMs ? 250 : ms < hourMs ? 1_000 : minuteMs);

const bucketFrom = (ms: number): number => Math.floor(ms / widthOf(ms)) * widthOf(ms);

function bucketsOf(counts: ReadonlyMap<number, number>): DurationBucket[] {
  return [...counts].sort(([a], [b]) => a - b).map(([fromMs, count]) => ({ fromMs, toMs: fromMs + widthOf(fromMs), count }));
}

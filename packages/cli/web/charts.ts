/**
 * The charts of the page and the series under them. Server-side ones lie on the server's time: what could not be seen during a cut is
 * filled in afterwards, because the stream of vital signs resumes like any other.
 */
import { Chart, type ChartOptions } from "./chart.ts";
import { duration, seconds, short, whole } from "./format.ts";
import { Series } from "./series.ts";

/** What of `vitals/process` is drawn. A reading that the system does not offer is null. */
export interface ProcessVital {
  readonly rssBytes: number;
  readonly loopDelay: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null;
  readonly links: number;
  readonly subscriptions: number;
}

const latencyRange = { kind: "log", min: 0.1, max: 100_000 } as const;
const megabyte = 1_000_000;

export class Charts {
  readonly #age = new Series();
  readonly #rate = new Series();
  readonly #latencyMedian = new Series();
  readonly #latencyMax = new Series();
  readonly #lateness = new Series();
  readonly #latenessMax = new Series();
  readonly #memory = new Series();
  readonly #links = new Series();
  readonly #charts: readonly Chart[];
  #heardMs: number | null = null;
  #second = 0;
  #latencies: number[] = [];
  #nowMs = 0;

  constructor(host: HTMLElement, vitals: boolean) {
    this.#charts = [...this.#clientCharts(), ...(vitals ? this.#serverCharts() : [])].map((options) => new Chart(options));
    host.append(...this.#charts.map(({ element }) => element));
  }

  /** Bytes came. The age jumps to nothing: the saw-tooth that a dead link breaks. */
  heard(atMs: number): void {
    if (this.#heardMs !== null && atMs > this.#heardMs) this.#age.add(atMs, atMs - this.#heardMs);
    this.#age.add(atMs, 0);
    this.#heardMs = atMs;
  }

  /** An entry came that was published `latencyMs` ago. */
  entry(atMs: number, latencyMs: number): void {
    this.#rate.count(atMs);
    const second = Math.floor(atMs / 1_000);
    if (second !== this.#second) this.#flushLatencies();
    this.#second = second;
    this.#latencies.push(latencyMs);
  }

  vital(atMs: number, { rssBytes, loopDelay, links }: ProcessVital): void {
    if (loopDelay !== null) {
      this.#lateness.add(atMs, loopDelay.p50Ms);
      this.#latenessMax.add(atMs, loopDelay.maxMs);
    }
    this.#memory.add(atMs, rssBytes / megabyte);
    this.#links.add(atMs, links);
  }

  draw(nowMs: number, marks: readonly number[]): void {
    this.#nowMs = nowMs;
    if (Math.floor(nowMs / 1_000) !== this.#second) this.#flushLatencies();
    // The tooth that is growing now is drawn to the present, and taken away again before the next one.
    const last = this.#heardMs;
    if (last !== null) this.#age.add(nowMs, nowMs - last);
    for (const chart of this.#charts) chart.draw(nowMs, marks);
    if (last !== null) this.#age.drop(nowMs);
  }

  #flushLatencies(): void {
    if (this.#latencies.length === 0) return;
    const sorted = this.#latencies.sort((a, b) => a - b);
    const atMs = this.#second * 1_000 + 500;
    for (const series of [this.#latencyMedian, this.#latencyMax]) {
      // Seconds in which nothing came are no line.
      if (series.last !== null && atMs - series.last.atMs > 1_000) series.add(atMs - 1, null);
    }
    this.#latencyMedian.add(atMs, sorted[Math.floor(sorted.length / 2)] as number);
    this.#latencyMax.add(atMs, sorted.at(-1) as number);
    this.#latencies = [];
  }

  #clientCharts(): ChartOptions[] {
    return [
      {
        title: "Age of the last proof of life",
        note: "Every byte sets it back to nothing. A dead link is a tooth that goes on growing.",
        scale: { kind: "linear", least: 500 },
        lines: [{ series: this.#age, kind: "line" }],
        format: seconds,
        current: () => (this.#heardMs === null ? null : this.#nowMs - this.#heardMs),
      },
      {
        title: "Entries received",
        note: "Per second. After a cut comes a burst: what was missed, each entry once.",
        scale: { kind: "linear", least: 10 },
        lines: [{ series: this.#rate, kind: "bars" }],
        format: (value) => `${short(value)}/s`,
        current: () => valueAt(this.#rate, Math.floor(this.#nowMs / 1_000) * 1_000 - 1_000) ?? 0,
      },
      {
        title: "Publish to delivery",
        note: "Median and worst of each second, from before the write to disk to this page.",
        scale: latencyRange,
        lines: [
          { series: this.#latencyMax, kind: "line", className: "second" },
          { series: this.#latencyMedian, kind: "line" },
        ],
        format: axisDuration,
        current: () => this.#latencyMedian.last?.value ?? null,
      },
    ];
  }

  #serverCharts(): ChartOptions[] {
    return [
      {
        title: "Server: event loop lateness",
        note: "Median and worst of each second. A paused server is late by the whole pause.",
        scale: latencyRange,
        lines: [
          { series: this.#latenessMax, kind: "line", className: "second" },
          { series: this.#lateness, kind: "line" },
        ],
        format: axisDuration,
        current: () => this.#lateness.last?.value ?? null,
      },
      {
        title: "Server: links",
        note: "All that it holds open. One that vanished stays until its beats are missed.",
        scale: { kind: "linear", least: 4 },
        lines: [{ series: this.#links, kind: "step" }],
        format: short,
        current: () => this.#links.last?.value ?? null,
      },
      {
        title: "Server: memory",
        note: "Resident, in megabytes, with this page's proxies in it.",
        scale: { kind: "linear", least: 50 },
        lines: [{ series: this.#memory, kind: "line" }],
        format: (value) => `${whole(value)} MB`,
        current: () => this.#memory.last?.value ?? null,
      },
    ];
  }
}

/** As short as an axis needs it. */
function axisDuration(ms: number): string {
  if (ms < 1_000 && [0.1, 1, 10, 100].includes(ms)) return `${ms} ms`;
  return ms >= 1_000 && ms % 1_000 === 0 ? `${ms / 1_000} s` : duration(ms);
}

function valueAt(series: Series, atMs: number): number | null {
  return series.points.find((point) => point.atMs === atMs)?.value ?? null;
}

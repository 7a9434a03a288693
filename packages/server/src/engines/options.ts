/**
 * The options of all engines: each documented once, filled and checked in one place, then frozen.
 * An engine takes what concerns it and ignores the rest, so that one set can serve several engines.
 */

/** Limits and times of an engine. Defaults and units: `engineOptionDocs`. */
export interface EngineOptions {
  readonly retentionEntriesMax: number;
  readonly retentionBytesMax: number;
  readonly retentionAgeMs: number;
  readonly retentionPassMs: number;
  readonly streamsMax: number;
  readonly epochsMax: number;
  readonly forgetMs: number;
  readonly producersMax: number;
  readonly producerExpiryMs: number;
  readonly producerRequestsMax: number;
  readonly dedupeWindowMs: number;
  readonly dedupeKeysMax: number;
  readonly memoryBytesMax: number;
  readonly fileBytesMax: number;
  readonly walBytesMax: number;
  readonly writeQueueBytesMax: number;
  readonly writeQueueRequestsMax: number;
  readonly commitBytesMax: number;
  readonly commitRequestsMax: number;
  readonly readQueueMax: number;
}

/** One option's documentation; docs/options.md is made from these. */
export interface EngineOptionDoc {
  readonly default: number;
  readonly unit: string;
  readonly what: string;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const mebibyte = 1_048_576;

/** Defaults and meaning of every engine option. */
export const engineOptionDocs = {
  retentionEntriesMax: { default: 100_000, unit: "entries", what: "Kept of one stream, where its policy does not say" },
  retentionBytesMax: { default: 64 * mebibyte, unit: "bytes", what: "Payload kept of one stream, where its policy does not say" },
  retentionAgeMs: { default: 24 * hourMs, unit: "ms", what: "Age up to which entries are kept, where the stream's policy does not say" },
  retentionPassMs: {
    default: 1_000,
    unit: "ms",
    what: "Least time between two passes that remove what is past retention; a pass runs only when something is due",
  },
  streamsMax: { default: 100_000, unit: "streams", what: "Streams held; one more is refused with `too_many_streams`" },
  epochsMax: { default: 1_000, unit: "epochs", what: "Engine starts remembered per stream; entries written before the oldest of them are removed" },
  forgetMs: {
    default: 24 * hourMs,
    unit: "ms",
    what: "A stream that holds no entry and got none for so long is forgotten and its name is free. Never sooner than `producerExpiryMs`",
  },
  producersMax: { default: 100_000, unit: "producers", what: "Producers remembered over all streams; a new one beyond is refused with `engine_busy`" },
  producerExpiryMs: {
    default: 25 * minuteMs,
    unit: "ms",
    what: "A producer that published nothing for so long is forgotten. Must be more than twice the age of what a client's outbox may retry",
  },
  producerRequestsMax: { default: 256, unit: "requests", what: "A producer's newest requests whose positions are remembered for retries" },
  dedupeWindowMs: { default: 2 * minuteMs, unit: "ms", what: "How long a dedupe key is remembered" },
  dedupeKeysMax: { default: 200_000, unit: "keys", what: "Dedupe keys remembered over all streams; one more within the window is refused with `engine_busy`" },
  memoryBytesMax: { default: 256 * mebibyte, unit: "bytes", what: "Payload held by a memory engine over all streams; more is refused with `storage_full`" },
  fileBytesMax: {
    default: 16_384 * mebibyte,
    unit: "bytes",
    what: "Size of the SQLite database; what does not fit is refused with `storage_full` until retention frees space",
  },
  walBytesMax: { default: 64 * mebibyte, unit: "bytes", what: "Size to which SQLite's write-ahead log is cut back after a burst" },
  writeQueueBytesMax: { default: 64 * mebibyte, unit: "bytes", what: "Payload waiting for the writer; above it appends are refused with `engine_busy`" },
  writeQueueRequestsMax: { default: 65_536, unit: "requests", what: "Appends waiting for the writer; above it they are refused with `engine_busy`" },
  commitBytesMax: { default: 4 * mebibyte, unit: "bytes", what: "Payload after which no further append joins a commit" },
  commitRequestsMax: { default: 4_096, unit: "requests", what: "Appends after which no further one joins a commit" },
  readQueueMax: { default: 1_024, unit: "reads", what: "Reads waiting for the reader; above it they are refused with `engine_busy`" },
} as const satisfies Record<keyof EngineOptions, EngineOptionDoc>;

/**
 * Fills defaults and checks: every option is a whole number, 1 or more.
 * Throws a TypeError that names the option, what was expected and what was given. The result is frozen.
 */
export function resolveEngineOptions(given: Partial<EngineOptions> = {}): EngineOptions {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(engineOptionDocs, name)) throw new TypeError(`Expected a known engine option, got \`${name}\``);
  }
  const filled: Record<string, number> = {};
  for (const [name, doc] of Object.entries(engineOptionDocs) as [keyof EngineOptions, EngineOptionDoc][]) {
    filled[name] = checkedCount(name, given[name] === undefined ? doc.default : given[name], doc.unit);
  }
  return Object.freeze(filled as unknown as EngineOptions);
}

/** The number itself when it is whole and at least 1; a TypeError otherwise. */
export function checkedCount(name: string, value: unknown, unit: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw new TypeError(`Expected \`${name}\` to be a whole number of ${unit}, at least 1, got ${JSON.stringify(value)}`);
}

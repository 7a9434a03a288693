/**
 * Publishes numbered entries for the page to follow, straight into the log: no wire that the page can cut lies in between.
 * It must never queue: while an entry is not stored, the next is left out.
 */
import type { Clock, Timer } from "@holdfast/protocol";

/** The stream of the numbered entries. */
export const numbersStream = "page/numbers";
/** What is kept of it: about half an hour. */
export const pagePolicy = { pattern: "page/**", entriesMax: 16_384, bytesMax: 4_194_304, ageMs: 3_600_000 } as const;
/** Eight entries a second. */
export const numbersIntervalMs = 125;

export interface PublisherParts {
  readonly clock: Clock;
  /** The number of the newest entry in the log, 0 without one. */
  newest(): Promise<number>;
  /** Stores an entry; false when it was refused. */
  store(payload: Uint8Array): Promise<boolean>;
  /** Whether anybody looks. An empty house needs no entries. */
  wanted(): boolean;
}

const encoder = new TextEncoder();

export interface Publisher {
  /** Resolves once there is an entry in the log; never while nobody wants any. */
  readonly begun: Promise<void>;
  stop(): Promise<void>;
}

/** Starts; `stop` ends it after the entry under way. Counting goes on where the log ends, also over restarts. */
export function startPublisher(parts: PublisherParts): Publisher {
  const { clock } = parts;
  let timer: Timer | null = null;
  let storing: Promise<void> | null = null;
  let stopped = false;
  let number: number | null = null;
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const storeNext = async (): Promise<void> => {
    number ??= await parts.newest();
    if (await parts.store(encoder.encode(JSON.stringify({ number: number + 1, publishedMs: clock.wallMs() })))) {
      number++;
      begin();
      return;
    }
    // Whether it is in the log is not known after some refusals: the log is asked again.
    number = null;
  };
  const tick = (dueMs: number): void => {
    if (stopped) return;
    if (storing === null && parts.wanted()) {
      storing = storeNext()
        .catch(() => {
          number = null;
        })
        .finally(() => {
          storing = null;
        });
    }
    const nextMs = Math.max(dueMs + numbersIntervalMs, clock.monoMs());
    timer = clock.after(nextMs - clock.monoMs(), () => tick(nextMs));
  };
  tick(clock.monoMs());
  return {
    begun,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await storing;
    },
  };
}

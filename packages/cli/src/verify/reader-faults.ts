/**
 * What a reading application itself does to its clients: closes and re-opens them, wakes them without end, opens a second one, takes
 * entries slowly. Nothing here touches the network but by the lane's own way.
 */
import type { Client, ClientOptions } from "@holdfast/client";
import { reset } from "@holdfast/lab";
import type { Clock } from "@holdfast/protocol";
import type { KindName } from "./kinds.ts";
import type { Lane } from "./lane.ts";
import { Reading } from "./reading.ts";
import type { Outcome } from "./tally.ts";

const strikeMs = 3_000;
const wakes = 200;
const wakeEveryMs = 5;
const slowQueueEntries = 8;
const slowEntryMs = 100;

export interface ReaderFaultParts {
  readonly lane: Lane;
  readonly reading: Reading;
  readonly clock: Clock;
  readonly effectMs: number;
  readonly patienceMs: number;
  readonly payloadBytesMax: number;
  readonly stop: AbortSignal;
  connect(url: string, options?: ClientOptions): Client;
  /** A reading that is to be judged with the others. */
  keep(reading: Reading): void;
}

export type ReaderKind = "reopen" | "wake-storm" | "two-clients" | "slow-iterator";

/** Does it, and waits until the reader is where it should be. */
export function disturbReader(kind: ReaderKind, parts: ReaderFaultParts): Promise<Outcome> {
  switch (kind) {
    case "reopen":
      return reopen(parts);
    case "wake-storm":
      return wakeStorm(parts);
    case "two-clients":
      return twoClients(parts);
    case "slow-iterator":
      return slowIterator(parts);
    default:
      return kind satisfies never;
  }
}

async function reopen({ lane, reading, clock, connect, patienceMs, stop }: ReaderFaultParts): Promise<Outcome> {
  const closedMs = clock.monoMs();
  const before = lane.client;
  reading.expectClose();
  // In the middle of whatever comes: the queue is thrown away, and the stored position is what counts.
  await before.close({ drainMs: 0 });
  await reading.ended();
  const client = connect(lane.way.url);
  lane.adopt(client);
  reading.begin(client);
  return await back(lane, closedMs, patienceMs, stop);
}

async function wakeStorm({ lane, clock, patienceMs, stop }: ReaderFaultParts): Promise<Outcome> {
  for (let i = 0; i < wakes && !stop.aborted; i++) {
    lane.client.wake();
    await lane.until(() => false, wakeEveryMs, stop);
  }
  return await back(lane, clock.monoMs(), patienceMs, stop);
}

async function twoClients(parts: ReaderFaultParts): Promise<Outcome> {
  const { lane, clock, patienceMs, stop } = parts;
  const guest = openGuest(parts, "two-clients", "second client", {}, () => {});
  // Both are reset while the second one is still catching up, or just has.
  await guest.given(1, patienceMs);
  const struckMs = clock.monoMs();
  const handle = lane.way.proxy.add(reset());
  await Promise.race([handle.untilStruck().catch(() => {}), lane.until(() => false, strikeMs, stop)]);
  await handle.remove();
  const count = guest.count();
  const isBack = await guest.given(count + 1, patienceMs);
  const outcome = await back(lane, struckMs, patienceMs, stop);
  await guest.close();
  if (isBack || stop.aborted) return { ...outcome, noticedMs: lane.downMs >= struckMs ? lane.downMs - struckMs : null };
  return { ...outcome, result: "unrecovered" };
}

async function slowIterator(parts: ReaderFaultParts): Promise<Outcome> {
  const { lane, clock, effectMs, patienceMs, stop } = parts;
  const slow = { is: true };
  const guest = openGuest(parts, "slow-iterator", "slow reader", { queueEntriesMax: slowQueueEntries }, () =>
    slow.is ? lane.until(() => !slow.is, slowEntryMs, stop).then(() => {}) : undefined,
  );
  await lane.until(() => false, effectMs, stop);
  slow.is = false;
  lane.look();
  const behindMs = clock.monoMs();
  // From here on it has to catch up with the lane's own reader, which was never slow.
  const counts = parts.reading.tracks.map((track) => track.positions.length);
  const isBack = await guest.reached(counts, patienceMs);
  await guest.close();
  if (!isBack && stop.aborted) return { result: "abandoned", noticedMs: null, recoveredMs: null };
  return { result: isBack ? "done" : "unrecovered", noticedMs: null, recoveredMs: isBack ? clock.monoMs() - behindMs : null };
}

/** The first entry after this moment, over a link that is believed in. */
async function back(lane: Lane, sinceMs: number, patienceMs: number, stop: AbortSignal): Promise<Outcome> {
  const isBack = await lane.until(() => lane.isLive && lane.carriedMs > sinceMs, patienceMs, stop);
  if (!isBack && stop.aborted) return { result: "abandoned", noticedMs: null, recoveredMs: null };
  return { result: isBack ? "done" : "unrecovered", noticedMs: null, recoveredMs: isBack ? lane.carriedMs - sinceMs : null };
}

/** A further client of the same streams on the same way, from their beginning. */
function openGuest(parts: ReaderFaultParts, kind: KindName, name: string, options: ClientOptions, given: () => Promise<void> | void | undefined) {
  const { lane, reading } = parts;
  const client = parts.connect(lane.way.url, options);
  const own = new Reading({
    reader: `${lane.name}, ${name}`,
    streams: reading.tracks.map((track) => track.stream),
    isWhole: false,
    payloadBytesMax: parts.payloadBytesMax,
    given: () => {
      lane.look();
      return given() ?? undefined;
    },
    failed: lane.readFailed,
  });
  own.mark(kind);
  own.begin(client);
  parts.keep(own);
  const count = (): number => own.tracks.reduce((sum, track) => sum + track.positions.length, 0);
  return {
    count,
    given: (least: number, limitMs: number) => lane.until(() => count() >= least, limitMs, parts.stop),
    reached: (counts: readonly number[], limitMs: number) =>
      lane.until(() => own.tracks.every((track, i) => track.positions.length >= (counts[i] as number)), limitMs, parts.stop),
    close: async () => {
      await own.leave();
      await client.close({ drainMs: 0 });
    },
  };
}

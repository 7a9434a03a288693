/**
 * The end of a run: everything is healed, publishes are answered, streams are ended, and every reader has been told so.
 */
import { HoldfastError } from "@holdfast/protocol";
import { streamUrl } from "../url.ts";
import type { Run, VerifyParts } from "./parts.ts";

const interruptedLimitMs = 5_000;
/** How long the ending of a stream by HTTP may take. */
const endLimitMs = 5_000;

export interface Ending {
  /** Whether every reader was given the end of every stream, so that what is missing is lost. */
  readonly isComplete: boolean;
  /** Publishes that had no answer in the end, though nothing was broken any more. */
  readonly unanswered: number;
  readonly notes: readonly string[];
}

/** For when no link can carry it. What is to be told of it: nothing when it went well. */
export async function endByRequest(parts: VerifyParts, stream: string): Promise<string[]> {
  const answer = await parts.endStream(streamUrl(parts.publishUrl, stream), endLimitMs);
  if (answer.kind === "ok") return [];
  const why = answer.kind === "unreachable" ? answer.reason : `HTTP ${answer.status}`;
  return [`${stream} could not be ended (${why}); it stays until retention removes it`];
}

/** Heals everything, waits for the answers, ends the streams and waits until every reader has been told. */
export async function finish({ parts, crew, timing }: Run): Promise<Ending> {
  const isCut = parts.stop.aborted;
  // After an interrupt the little time that is left is not cut short once more.
  const stop = isCut ? new AbortController().signal : parts.stop;
  const limitMs = isCut ? interruptedLimitMs : 2 * timing.heartbeatMs + timing.probeTimeoutMs + timing.windowMs + 15_000;
  const untilMs = parts.clock.monoMs() + limitMs;
  const leftMs = (): number => Math.max(0, untilMs - parts.clock.monoMs());
  const notes: string[] = [];
  // What a fault has left in the dark is told so: there is no time to find out.
  if (isCut) for (const { lane } of crew.members) for (const connection of lane.way.proxy.connections) connection.reset();
  // Links that did not last have made the clients patient: as after a wake of the machine, they try again at once.
  for (const { lane } of crew.members) lane.client.wake();
  for (const { lane, publishing } of crew.members) await lane.until(() => (publishing?.pending ?? 0) === 0, leftMs(), stop);
  const unanswered = crew.members.reduce((sum, { publishing }) => sum + (publishing?.pending ?? 0), 0);
  const ended = crew.members.map(async ({ lane, publishing }) => {
    for (const { stream, acknowledged } of publishing?.sent ?? []) {
      const isEnded = { yet: false };
      lane.client.end(stream).then(
        () => {
          isEnded.yet = true;
          lane.look();
        },
        (thrown: unknown) => {
          const { code, detail } = HoldfastError.from(thrown);
          lane.ended(`the end of ${stream}`, code, detail);
        },
      );
      if (await lane.until(() => isEnded.yet, leftMs(), stop)) continue;
      if (parts.stop.aborted && acknowledged.size === 0) continue;
      notes.push(...(await endByRequest(parts, stream)));
    }
  });
  await Promise.all(ended);
  for (const { lane, reading } of crew.members) {
    if (reading === null) continue;
    const over = reading.ended().then(() => lane.look());
    await lane.until(() => reading.tracks.every((track) => track.ended || track.error !== null), leftMs(), stop);
    void over;
  }
  const behind = crew.readings.flatMap((reading) => reading.tracks.filter((track) => track.isWhole && !track.ended));
  if (behind.length > 0 && !parts.stop.aborted)
    notes.push(`${behind.length} readings were not at the end after ${Math.round(limitMs)} ms, such as ${behind[0]?.reader} of ${behind[0]?.stream}`);
  return { isComplete: behind.length === 0 || !parts.stop.aborted, unanswered, notes };
}

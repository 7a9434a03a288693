/**
 * The idle ladder: one connection per delay, all at once, each written to after its delay; then more of them between the longest silence that was
 * survived and the shortest that was not. Pure but for the seats that it is given; it closes every seat that it opened.
 */
import type { Clock } from "@holdfast/protocol";
import { type Bracket, bracketOf, type Observation } from "./bracket.ts";
import { pause, within } from "./pause.ts";
import { attemptMs, firstDelays, refiningDelays } from "./schedule.ts";
import type { Seat, SeatEnd, Seats } from "./seat.ts";

export interface LadderOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The clock's time at which all must be over. */
  readonly deadlineMs: number;
  readonly rttMs: number;
  /** Connections that it may have open at once. */
  readonly connectionsMax: number;
  /** Whether the target is there at all: asked when a connection turned out to be dead in silence. */
  readonly isReachable: () => Promise<boolean>;
}

export interface Climbed {
  readonly bracket: Bracket;
  readonly observations: readonly Observation[];
  /** The ids, at a helper, of connections that ended or were found dead. */
  readonly endedIds: readonly string[];
  /** The other side speaks by itself, so far apart at most: silence can not be had. Null: it does not. */
  readonly beatMs: number | null;
  /** Connections that could not be had, and why one of them could not. */
  readonly refused: number;
  readonly why: string | null;
  /** Silent deaths that do not count, because the target could not be reached then at all. */
  readonly outages: number;
}

/** A timer may be seen so wrong for reasons of this process and of the way. */
const slackOf = (rttMs: number): number => 50 + 2 * rttMs;
/** What is left when a seat gives up because there is no time to write to it. */
const lastWordsMs = 250;
/** A connection that was never left alone for its delay in so many of them is not idle. */
const patience = 2;

export async function climb(seats: Seats, options: LadderOptions): Promise<Climbed> {
  return await new Ladder(seats, options).run();
}

class Ladder {
  readonly #seats: Seats;
  readonly #options: LadderOptions;
  readonly #observations: Observation[] = [];
  readonly #endedIds: string[] = [];
  #beatMs: number | null = null;
  #refused = 0;
  #why: string | null = null;
  #outages = 0;

  constructor(seats: Seats, options: LadderOptions) {
    this.#seats = seats;
    this.#options = options;
  }

  async run(): Promise<Climbed> {
    const { connectionsMax, rttMs } = this.#options;
    const waitMs = this.#seats.attemptMs ?? attemptMs(rttMs);
    const delays = firstDelays(this.#leftMs(), waitMs, connectionsMax);
    // Where no attempt fits into the time, who ends it by itself can still be seen.
    await this.#wave(delays.length > 0 ? delays : [Math.max(0, this.#leftMs() - lastWordsMs)]);
    for (;;) {
      const refining = this.#beatMs === null ? refiningDelays(this.#bracket(), this.#leftMs(), waitMs, connectionsMax) : [];
      if (refining.length === 0 || this.#options.signal.aborted) break;
      const before = this.#observations.length;
      await this.#wave(refining);
      if (this.#observations.length === before) break;
    }
    return {
      bracket: this.#bracket(),
      observations: this.#observations,
      endedIds: this.#endedIds,
      beatMs: this.#beatMs,
      refused: this.#refused,
      why: this.#why,
      outages: this.#outages,
    };
  }

  #bracket(): Bracket {
    return bracketOf(this.#observations, slackOf(this.#options.rttMs));
  }

  #leftMs(): number {
    return this.#options.signal.aborted ? 0 : this.#options.deadlineMs - this.#options.clock.monoMs();
  }

  /** Over when every delay has its answer, or when those that have none are longer than one that is fatal. */
  async #wave(delays: readonly number[]): Promise<void> {
    const over = new AbortController();
    const leave = (): void => over.abort();
    this.#options.signal.addEventListener("abort", leave, { once: true });
    const pending = new Set(delays);
    const look = (): void => {
      const { atMostMs } = this.#bracket();
      const slackMs = slackOf(this.#options.rttMs);
      if (this.#beatMs !== null) over.abort();
      // Others that are ended by the same timer may be told a moment later.
      else if (atMostMs !== null && [...pending].every((delayMs) => delayMs > atMostMs + slackMs))
        void pause(this.#options.clock, 2 * slackMs, over.signal).then(leave);
    };
    await Promise.all(
      delays.map(async (delayMs) => {
        await this.#one(delayMs, over.signal);
        pending.delete(delayMs);
        look();
      }),
    );
    this.#options.signal.removeEventListener("abort", leave);
  }

  async #one(delayMs: number, signal: AbortSignal): Promise<void> {
    let seat: Seat;
    try {
      seat = await this.#seats.open("nothing", delayMs);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#refused++;
      this.#why ??= thrown instanceof Error ? thrown.message : String(thrown);
      return;
    }
    try {
      await this.#sit(seat, delayMs, signal);
    } finally {
      seat.close();
    }
  }

  async #sit(seat: Seat, delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const startMs = seat.lastByteMs();
    let end: SeatEnd | null = null;
    for (let round = 0; ; round++) {
      const leftMs = seat.lastByteMs() + delayMs - clock.monoMs();
      if (leftMs <= 0) break;
      if (round > patience) {
        this.#beatMs = Math.max(this.#beatMs ?? 0, (seat.lastByteMs() - startMs) / round);
        return;
      }
      end = await within(clock, seat.ended, leftMs, null, signal);
      if (signal.aborted && end === null) return;
      if (end !== null) break;
    }
    const silentMs = (end?.atMs ?? clock.monoMs()) - seat.lastByteMs();
    if (end !== null) return this.#saw(seat, { silentMs, outcome: end.how, active: true, ...(end.code === undefined ? {} : { code: end.code }) });
    // What others found in the meantime must not cut this attempt short: a bracket is closed only when it is known.
    const waitMs = this.#seats.attemptMs ?? attemptMs(this.#options.rttMs);
    if (this.#leftMs() < waitMs) return;
    const tried = await seat.attempt(waitMs);
    if (this.#options.signal.aborted) return;
    if (tried.how === "silent" && !(await this.#options.isReachable())) {
      this.#outages++;
      return;
    }
    if (tried.how === "alive") return this.#saw(seat, { silentMs, outcome: "alive", active: false });
    const { how, code, endedMs } = tried;
    const ended = endedMs === undefined ? { silentMs, active: false } : { silentMs: endedMs - seat.lastByteMs(), active: true };
    this.#saw(seat, { ...ended, outcome: how, ...(code === undefined ? {} : { code }) });
  }

  #saw(seat: Seat, observation: Observation): void {
    this.#observations.push(observation);
    if (observation.outcome !== "alive" && seat.connId !== null) this.#endedIds.push(seat.connId);
  }
}

/**
 * Everything about the silence of one transport: its ladder, and beside it, from the first moment on, the rows of the reset matrix and a control, so
 * that they are old enough when the timer is known. Pure but for the seats that it is given.
 */
import type { Clock } from "@holdfast/protocol";
import type { ControlFact, IdleFact, Moving, NotMeasured } from "../facts.ts";
import { type Climbed, climb, type LadderOptions } from "./ladder.ts";
import { keepMoving, type Moved } from "./mover.ts";
import type { Seats } from "./seat.ts";

export interface IdleOptions extends LadderOptions {
  readonly clock: Clock;
  readonly beatMs: number;
  /** The rows of the matrix are wanted. */
  readonly withMatrix: boolean;
  /** Who ended these connections, as far as a helper at the other end knows. */
  readonly whoEnded: (connIds: readonly string[], how: NonNullable<IdleFact["how"]>) => Promise<IdleFact["by"]>;
}

export interface IdleMeasured {
  readonly idle: readonly IdleFact[];
  readonly controls: readonly ControlFact[];
  readonly notMeasured: readonly NotMeasured[];
  readonly beatMs: number | null;
}

/** How far a connection must outlive the timer before its bytes are said to reset it. */
export const outlived = (timerMs: number): number => Math.max(timerMs * 1.2, timerMs + 500);

/** Whether it has a control: one that asks for something all the time. */
const controlOf: Readonly<Partial<Record<Seats["of"], Moving>>> = { http1: "to_server", websocket: "websocket_ping" };

/** Connections that it needs beside the ladder. */
export function besideLadder(seats: Seats, withMatrix: boolean): number {
  return new Set([...(withMatrix ? seats.moves : []), ...(controlOf[seats.of] === undefined ? [] : [controlOf[seats.of]])]).size;
}

export async function measureIdle(seats: Seats, options: IdleOptions): Promise<IdleMeasured> {
  let climbed: Climbed | null = null;
  const isOldEnough = (ageMs: number): boolean => {
    if (climbed === null) return false;
    const { atMostMs } = climbed.bracket;
    return atMostMs === null || ageMs >= outlived(atMostMs);
  };
  const control = controlOf[seats.of];
  const kinds = new Set<Moving>([...(options.withMatrix ? seats.moves : []), ...(control === undefined ? [] : [control])]);
  const moving = [...kinds].map(async (kind) => ({
    kind,
    moved: await keepMoving(() => seats.open(kind, options.beatMs), options, options.beatMs, isOldEnough),
  }));
  climbed = await climb(seats, options);
  const rows = await Promise.all(moving);
  const by = climbed.bracket.how === null ? null : await options.whoEnded(climbed.endedIds, climbed.bracket.how);
  return gather(seats, climbed, rows, options, by);
}

function gather(
  seats: Seats,
  climbed: Climbed,
  rows: readonly { kind: Moving; moved: Moved | null }[],
  options: IdleOptions,
  by: IdleFact["by"],
): IdleMeasured {
  const { of } = seats;
  const { bracket, beatMs, refused, why, outages, observations } = climbed;
  const notMeasured: NotMeasured[] = [];
  const note = (what: string, reason: string): void => {
    notMeasured.push({ what: `${of}: ${what}`, why: reason });
  };
  if (beatMs !== null) note("idle timer", "the other side speaks by itself before any silence is long enough");
  else if (observations.length === 0) note("idle timer", why ?? "there was no time: a longer --max measures it");
  else if (refused > 0) note("some of the delays", `${refused} connections could not be had: ${why}`);
  if (outages > 0) note("some of the delays", `the target could not be reached at all for ${outages} of them`);
  const idle: IdleFact[] = beatMs !== null || observations.length === 0 ? [] : [{ of, moving: "nothing", ...bracket, by }];
  for (const { kind, moved } of rows) {
    if (!seats.moves.includes(kind) || !options.withMatrix || bracket.atMostMs === null || beatMs !== null) continue;
    const row = moved === null ? null : rowOf(seats, kind, moved, bracket.atMostMs, by);
    if (row === null)
      note(
        `with ${kind} moving`,
        moved === null
          ? "no connection could be had, or the time was over"
          : `the time was over before it was older than the timer; a longer --max measures it`,
      );
    else idle.push(row);
  }
  const control = rows.find(({ kind }) => kind === controlOf[of])?.moved ?? null;
  return { idle, notMeasured, beatMs, controls: control === null ? [] : [controlFact(of, control, options.beatMs)] };
}

/** So late an end may be seen. */
const endSlackMs = 100;

function rowOf({ of }: Seats, moving: Moving, { ageMs, outcome, active, code }: Moved, timerMs: number, by: IdleFact["by"]): IdleFact | null {
  if (outcome === "alive") return ageMs < timerMs * 1.1 ? null : { of, moving, atLeastMs: ageMs, atMostMs: null, how: null, by: null, seen: 1 };
  return {
    of,
    moving,
    atLeastMs: active ? Math.max(0, ageMs - endSlackMs) : 0,
    atMostMs: ageMs,
    how: outcome,
    by,
    seen: 1,
    ...(code === undefined ? {} : { code }),
  };
}

function controlFact(of: Seats["of"], { ageMs, silentMs, beats, outcome }: Moved, beatMs: number): ControlFact {
  const announced = outcome === "announced";
  return { of, beatMs, ageMs, ended: outcome === "alive" ? null : outcome, silentMs, beats, announced };
}

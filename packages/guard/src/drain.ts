/**
 * How a guarded server is left. First it says that it is not ready and goes on serving, so that balancers turn away; then nothing new is
 * accepted, every answer is the last of its connection, open streams end each in a slot of its own, and what waits idle is ended when it has
 * had its chance to send another request. Nobody is reset before the deadline.
 *
 *   not ready --unreadyMs--> not accepting, last answers, slots --windowMs--> idle ones end as they fall idle --drainMs--> the rest is reset
 */
import { type GuardCore, sweepMs } from "./core.ts";

export interface DrainTimes {
  /** How long to go on accepting while readiness says no. */
  readonly unreadyMs: number;
  /** From then on: how long idle connections are left to their peers, who may have a request under way, and the window of the streams' slots. */
  readonly windowMs: number;
  /** Longest time, window included. */
  readonly drainMs: number;
}

/** So many turns of the loop at most are spent on what the kernel has accepted: each takes one connection, and 511 wait at most by default. */
const backlogTurnsMax = 1_024;

/** Takes the connections that the kernel has accepted and the process has not: with the listener they would be reset, requests and all. */
async function takeBacklog({ env: { soon }, counters }: GuardCore): Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => soon(resolve));
  await turn(); // The rest of this turn, in which sockets may not be looked at any more.
  for (let turns = 0, before = -1; turns < backlogTurnsMax && counters.accepted !== before; turns++) {
    before = counters.accepted;
    await turn();
  }
}

/** Resolves when no connection is left, after `unreadyMs + drainMs` at the latest. `stopAccepting` stops the listeners. */
export async function drain(core: GuardCore, { unreadyMs, windowMs, drainMs }: DrainTimes, stopAccepting: () => void): Promise<void> {
  const { clock, soon } = core.env;
  core.startDraining();
  if (unreadyMs > 0) await new Promise<void>((resolve) => clock.after(unreadyMs, resolve));
  await takeBacklog(core);
  stopAccepting();
  core.leave({ windowMs, drainMs });
  // In a later turn, when what lay in the kernel has been read: as in the sweep.
  let idle = clock.after(windowMs, () => soon(endIdle));
  const endIdle = (): void => {
    if (core.table.size === 0) return;
    // Answers that are under way still end as they like, and not all of them could say that they are the last.
    idle = clock.after(sweepMs, () => soon(endIdle));
    for (const connection of core.table.values()) if (connection.idleSinceMs !== null) connection.spare("draining");
  };
  const deadline = clock.after(drainMs, () => {
    for (const connection of [...core.table.values()]) connection.reset("draining");
  });
  await core.empty();
  idle.cancel();
  deadline.cancel();
}

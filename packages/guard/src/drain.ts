/**
 * How a guarded server is left: every answer is the last of its connection, nothing new is accepted, and what waits idle is ended when it
 * has had its chance to send another request. Nobody is reset before the deadline.
 */
import type { GuardCore } from "./core.ts";
import type { GuardOptions } from "./options.ts";

/** The share of the drain in which idle connections are left to their peers, who may have a request under way. */
const patience = 0.5;

/** Resolves when no connection is left, at `drainMs` at the latest. `stopAccepting` stops the listeners. */
export async function drain(core: GuardCore, { drainMs }: GuardOptions, stopAccepting: () => void): Promise<void> {
  const { clock } = core.env;
  core.startDraining();
  stopAccepting();
  const idle = clock.after(drainMs * patience, () => {
    for (const connection of core.table.values()) if (connection.idleSinceMs !== null) connection.end("draining");
  });
  const deadline = clock.after(drainMs, () => {
    for (const connection of [...core.table.values()]) connection.reset("draining");
  });
  await core.empty();
  idle.cancel();
  deadline.cancel();
}

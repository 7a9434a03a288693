/**
 * Idle drop: a box in the middle that forgets a flow after some silence. Until then it is a wire; afterwards the flow is unknown to it,
 * and what happens to its packets depends on the box. While the box stands, a flow once forgotten is never remembered.
 */

import type { Directions, Fault, Item, Stage } from "../fault.ts";
import { checkChoice, checkNumber } from "../options.ts";
import { swallow } from "../swallow.ts";

export interface IdleDropOptions {
  /** A byte that comes this long after the last one, or later, finds the flow forgotten; one that comes earlier refreshes it. */
  readonly idleMs: number;
  /** Bytes of which direction keep the flow in memory. @default "both" */
  readonly refreshedBy?: Directions;
  /**
   * What becomes of a forgotten flow. `silence`: packets vanish, FIN and RST included (firewalls, many NATs). `reset-on-next`: who sends
   * gets an RST, the other side hears nothing (AWS NLB). `reset`, `fin`: both sides are told at once (Azure with TCP reset; HTTP proxies).
   * @default "silence"
   */
  readonly ending?: "silence" | "reset-on-next" | "reset" | "fin";
}

interface Flow {
  lastMs: number;
  forgotten: boolean;
}

/**
 * Forgets idle flows. Lay it on both directions, as a box in the middle stands in both: a direction without it neither refreshes nor is
 * dropped. Strikes: once per connection, when its flow is forgotten.
 */
export function idleDrop(options: IdleDropOptions): Fault {
  const idleMs = checkNumber("idleMs", options.idleMs, 0);
  const refreshedBy = checkChoice("refreshedBy", options.refreshedBy ?? "both", ["to-server", "to-client", "both"]);
  const ending = checkChoice("ending", options.ending ?? "silence", ["silence", "reset-on-next", "reset", "fin"]);
  return {
    name: "idle-drop",
    async pipe(stage) {
      const flow = stage.shared<Flow>(() => ({ lastMs: stage.startedMs, forgotten: false }));
      const refreshes = refreshedBy === "both" || refreshedBy === stage.direction;
      const item = await passUntilIdle(stage, flow, idleMs, refreshes);
      if (item === null) return;
      if (!flow.forgotten) {
        flow.forgotten = true;
        stage.strike();
        if (ending === "reset") stage.connection.reset("both");
        if (ending === "fin") stage.connection.end("both");
      }
      const next = item === "late" ? await stage.read() : item;
      if (next !== null) {
        stage.drop(next);
        if (ending === "reset-on-next") stage.connection.reset(stage.sender);
      }
      await swallow(stage, next !== null);
    },
  };
}

/** Passes items while the flow is remembered. Gives the item that found it forgotten, "late" if the timer did, null on removal. */
async function passUntilIdle(stage: Stage, flow: Flow, idleMs: number, refreshes: boolean): Promise<Item | "late" | null> {
  while (!flow.forgotten) {
    const deadlineMs = flow.lastMs + idleMs;
    const item = await stage.readUntil(deadlineMs);
    if (item === null) return null;
    if (item === "late") {
      // The other direction may have refreshed the flow since this timer was set.
      if (flow.forgotten || flow.lastMs + idleMs <= deadlineMs) return "late";
      continue;
    }
    if (flow.forgotten || item.arrivedMs >= flow.lastMs + idleMs) return item;
    if (refreshes && item.kind === "bytes") flow.lastMs = Math.max(flow.lastMs, item.arrivedMs);
    stage.write(item);
  }
  return "late";
}

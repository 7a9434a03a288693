/**
 * Whether a node is to be sent new clients, told in one place: `/readyz` and gRPC's health service must never differ. That is another question
 * than whether it is to be restarted: who drains is healthy, and wants none.
 */
import type { Engine, EngineHealth } from "./engine.ts";
import type { Hub } from "./hub/hub.ts";

/** What it depends on. */
export interface ReadinessParts {
  /** Whether new clients are wanted. */
  readonly ready: () => boolean;
  readonly hub: Pick<Hub, "draining">;
  readonly engine: Pick<Engine, "health">;
}

export function readiness({ ready, hub, engine }: ReadinessParts): EngineHealth["state"] | "draining" {
  return !ready() || hub.draining ? "draining" : engine.health().state;
}

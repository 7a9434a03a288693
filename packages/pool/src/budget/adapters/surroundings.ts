/**
 * What a membership uses of its process when nobody says otherwise.
 */
import type { Env } from "@holdfast/protocol";
import type { BudgetNotice } from "../notices.ts";

export interface BudgetSurroundings {
  /** Whoever runs the service is told. Default: `process.emitWarning` for what needs somebody, and nothing for what goes well. */
  readonly notice?: (notice: BudgetNotice) => void;
  readonly env?: Env;
}

export function emitNotice({ code, message, cause }: BudgetNotice): void {
  if (code === "held" || code === "waiting") return;
  process.emitWarning(cause instanceof Error ? `${message}: ${cause.message}` : message, { type: "HoldfastBudgetWarning", code });
}

/** How a command ends by what it found. Pure. */
import type { Finding } from "@holdfast/path";
import type { Exit } from "./exit-codes.ts";

/** Notes never fail a script. `strict`: warnings do. */
export function findingsExit(findings: readonly Finding[], strict: boolean): Exit {
  return findings.some(({ severity }) => severity === "error" || (strict && severity === "warning")) ? "findings" : "ok";
}

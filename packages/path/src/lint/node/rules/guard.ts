/**
 * Guard's options that contradict what it was told of the proxy in front.
 */
import { formatDuration } from "../../../duration.ts";
import { type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, partsOf } from "../shape.ts";

export const guard: NodeRule = ({ config }) =>
  partsOf(config, "guard").flatMap((part) => {
    const [keep, proxy] = [numberOf(part, "keepAliveMs"), numberOf(part, "proxyIdleMs")];
    if (keep === null || part.options.get("role")?.value === "browser") return [];
    const idleMs = proxy?.value ?? 60_000;
    const enough = idleMs + Math.max(5_000, Math.ceil(idleMs / 10));
    if (keep.value >= enough) return [];
    return nodeFinding("node_guard_keep_alive_short", {
      title: `\`keepAliveMs: ${keep.value}\` is too short for a proxy that keeps connections for ${formatDuration(idleMs)}`,
      hop: "holdfast-guard",
      place: keep.place,
      related: proxy === null ? [] : [proxy.place],
      advice: [`Remove: "keepAliveMs": it follows from proxyIdleMs`, `"keepAliveMs": ${enough}`],
    });
  });

/**
 * How long the server keeps an idle connection, where a proxy in front keeps it longer, and where 0 is taken for "off".
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { compareVersions } from "../../../versions.ts";
import { type NodeCase, type NodeRule, nodeFinding } from "../rule.ts";
import { numberOf, type Part, partsOf } from "../shape.ts";

/** The pool timer of most proxies, and what keeps clear of it. */
const usualPoolMs = 60_000;
const enoughMs = 66_000;

export const keepAlive: NodeRule = (given) => {
  // Guard sets the timers of its server itself.
  if (partsOf(given.config, "guard").length > 0) return [];
  return partsOf(given.config, "server").flatMap((part) => {
    const written = numberOf(part, "keepAliveTimeout");
    if (written?.value === 0) return [never(written.place)];
    if (written !== null && written.value < 1_000) return [];
    return short(part, given);
  });
};

const never = (place: Part["place"]): Finding =>
  nodeFinding("node_keep_alive_never", {
    title: "`keepAliveTimeout: 0` keeps every idle connection for ever; it does not switch keep-alive off",
    hop: "node",
    place,
    advice: [`"keepAliveTimeout": ${enoughMs}`, "To switch keep-alive off: response.shouldKeepAlive = false"],
  });

function short(part: Part, { config, ask, version }: NodeCase): Finding[] {
  const written = numberOf(part, "keepAliveTimeout");
  const isTls = [config.whole, part.options].some((options) => options.get("tls")?.value === true || options.has("key") || options.has("tls.key"));
  // With a path the ladder holds it against the hop that really is in front.
  if (ask.behind !== null || isTls || (written === null && compareVersions(version, "27") >= 0)) return [];
  const [set, buffer] = [written?.value ?? 5_000, numberOf(part, "keepAliveTimeoutBuffer")?.value ?? 1_000];
  if (set + buffer > usualPoolMs) return [];
  return [
    nodeFinding("node_keep_alive_short", {
      title: `Idle connections end after ${formatDuration(set + buffer)}, most proxies use them again for ${formatDuration(usualPoolMs)} and longer`,
      hop: "node",
      place: written?.place ?? part.place,
      evidence: [
        written === null
          ? `keepAliveTimeout is not set: 5 s in Node ${version}, and a second that Node adds`
          : `keepAliveTimeout ${set}, and ${buffer} ms that Node adds`,
      ],
      advice: [`"keepAliveTimeout": ${enoughMs}`, "nginx: keepalive_timeout 4s in the upstream"],
    }),
  ];
}

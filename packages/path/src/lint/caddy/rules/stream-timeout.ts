/**
 * `stream_timeout` is an age and no idle timer: a stream that is busy ends as well.
 */
import { formatDuration } from "../../../duration.ts";
import { timeOf } from "../config.ts";
import { type CaddyRule, caddyFinding, nameOf, proxiesOf } from "../rule.ts";

export const streamTimeout: CaddyRule = ({ config }) =>
  proxiesOf(config).flatMap((proxy) => {
    const ms = timeOf(proxy, "stream_timeout");
    const line = proxy.lines.get("stream_timeout");
    if (ms === null || ms === 0 || line === undefined) return [];
    return caddyFinding("caddy_stream_age", {
      title: `WebSockets through ${nameOf(proxy)} end at an age of ${formatDuration(ms)}, however busy they are`,
      // A day is how people recycle connections on purpose; minutes are how they mean silence.
      severity: ms < 3_600_000 ? "warning" : "info",
      hop: "caddy",
      place: line.place,
      advice: [`Remove: stream_timeout ${line.words[0]}`, `Or let clients leave by themselves before ${formatDuration(Math.round(ms * 0.9))}`],
    });
  });

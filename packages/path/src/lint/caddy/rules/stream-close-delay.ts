/**
 * Each reload of Caddy's configuration closes every WebSocket at once, unless it is told to wait.
 */
import { compareVersions } from "../../../versions.ts";
import { hintsWebSocket, timeOf } from "../config.ts";
import { type CaddyRule, caddyFinding, nameOf, proxiesOf } from "../rule.ts";

/** The first version that knows the option. */
const since = "2.7";

export const streamCloseDelay: CaddyRule = ({ config, version }) =>
  proxiesOf(config)
    .filter((proxy) => hintsWebSocket(proxy) && (proxy.lines.has("stream_close_delay") ? timeOf(proxy, "stream_close_delay") === 0 : true))
    .map((proxy) =>
      caddyFinding("caddy_reload_cuts_sockets", {
        title: `A reload of the configuration closes all WebSockets of ${nameOf(proxy)} in the same moment`,
        hop: "caddy",
        place: proxy.lines.get("stream_close_delay")?.place ?? proxy.place,
        advice: compareVersions(version, since) < 0 ? [`From Caddy ${since} on: stream_close_delay 5m`] : ["stream_close_delay 5m"],
      }),
    );

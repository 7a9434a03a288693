/**
 * Caddy passes answers on as they come, unless it is told to gather them first.
 */
import { hintsEvents, hintsGrpc } from "../config.ts";
import { type CaddyRule, caddyFinding, nameOf, proxiesOf } from "../rule.ts";

/** The names until 2.6.2, and those since. */
const names = ["response_buffers", "buffer_responses", "request_buffers", "buffer_requests"];

export const buffers: CaddyRule = ({ config }) =>
  proxiesOf(config).flatMap((proxy) =>
    names.flatMap((name) => {
      const line = proxy.lines.get(name);
      if (line === undefined || line.words[0] === "0") return [];
      const isAnswer = name.includes("response");
      // Who only buffers requests hurts those that stream both ways.
      if (!isAnswer && !hintsGrpc(proxy)) return [];
      return caddyFinding("caddy_buffers", {
        title: isAnswer
          ? `\`${name}\`: events of ${nameOf(proxy)} come when the buffer is full or the answer ends`
          : `\`${name}\`: calls that stream from the client wait in ${nameOf(proxy)}`,
        ...(isAnswer && !hintsEvents(proxy) && !hintsGrpc(proxy) ? { severity: "info" as const } : {}),
        hop: "caddy",
        place: line.place,
        advice: [`Remove: ${[name, ...line.words].join(" ")}`],
      });
    }),
  );

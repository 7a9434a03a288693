/** Events that come late: by a buffer, by a compressor, until the end, or in steps of a fixed time. */
import { formatDuration } from "@holdfast/path";
import { type StreamBuffering, type StreamCause, streamBuffering } from "../probes/stream-cause.ts";
import { median } from "../probes/stream-signature.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { agentFinding, linesFor, proxySeen } from "./origin-words.ts";

const how: Readonly<Record<StreamCause, string>> = {
  compression: "by a compressor",
  buffer: "in a proxy's buffer",
  deaf: "by a hop that does not heed `X-Accel-Buffering: no`",
  type: "when their content type is another than `text/event-stream`",
};

const why: Readonly<Record<StreamCause, string>> = {
  compression: "asked for without compression, the same events come live",
  buffer: "with `X-Accel-Buffering: no` in the answer, the same events come live",
  deaf: "they come no sooner with `X-Accel-Buffering: no`, nor without compression",
  type: "as `text/event-stream`, the same events come live",
};

const lines: Readonly<Record<StreamCause, Readonly<Record<string, string>>>> = {
  compression: {
    application: "Express: `compression({ filter })` that leaves out `text/event-stream`, or `res.flush()` after each event",
    apache: "`SetEnvIf Request_URI ^/events no-gzip`, or `AddOutputFilterByType DEFLATE` without `text/event-stream`",
    nginx: "`gzip_types` without `text/event-stream`, or `proxy_buffering off;` in that location, with which gzip flushes",
  },
  buffer: {
    application: "answer with `X-Accel-Buffering: no`",
    nginx: "`proxy_buffering off;` in that location, or nothing but the header from the application (without `proxy_ignore_headers X-Accel-Buffering`)",
  },
  deaf: {
    nginx: "no `proxy_ignore_headers X-Accel-Buffering`; `proxy_buffering off;`",
    haproxy: "no `option http-buffer-request` or `http-response wait-for-body` on that path",
    apache: "`flushpackets=on` at that `ProxyPass`; no output filter that gathers the whole answer",
    varnish: "`set beresp.do_stream = true;`, and `return (pass)` for event streams",
    caddy: "`flush_interval -1`",
  },
  type: { application: "send `Content-Type: text/event-stream`", caddy: "`flush_interval -1`" },
};

function untilText({ until }: StreamBuffering): string {
  if (until.is === "end") return "until the end";
  return until.is === "size" ? `until about ${Math.max(1, Math.round(until.bytes / 1_024))} kB have gathered` : `for ${formatDuration(until.ms)} at a time`;
}

export const eventStreamHeldBack: Diagnosis = (facts) => {
  if (!facts.origin.known || !facts.origin.value.streams.known) return [];
  const buffering = streamBuffering(facts.origin.value.streams.value);
  if (buffering === null) return [];
  const { cause, until, row } = buffering;
  const worst = Math.max(...row.latenciesMs);
  const evidence = [
    `${row.latenciesMs.length} events, one each ${row.everyMs} ms: the latest came ${formatDuration(worst)} late, half of them ${formatDuration(median(row.latenciesMs))} or more`,
    ...(row.encoding === null ? [] : [`the answer was compressed: \`Content-Encoding: ${row.encoding}\``]),
  ];
  const hop = proxySeen(facts);
  if (until.is === "interval") {
    const advice = linesFor(facts, { haproxy: "`option http-no-delay` in `defaults`", caddy: "`flush_interval -1`", traefik: "`flushInterval: -1`" });
    const title = `Events come in steps of ${formatDuration(until.ms)}`;
    return [agentFinding("event_stream_delayed", { title, hop, evidence: [...evidence, "larger events come in the same steps"], advice })];
  }
  return [
    agentFinding("event_stream_buffered", {
      title: `Events are held back ${how[cause]} ${untilText(buffering)}`,
      hop,
      evidence: [...evidence, why[cause]],
      // An application can mend the first two whatever stands in front of it.
      advice: [
        ...(lines[cause]["application"] === undefined ? [] : [`application: ${lines[cause]["application"]}`]),
        ...linesFor(facts, withoutApplication(lines[cause])),
      ],
      ...(cause === "type" ? { severity: "info" as const } : {}),
    }),
  ];
};

function withoutApplication(all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(all).filter(([product]) => product !== "application"));
}

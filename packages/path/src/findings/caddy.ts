/**
 * What lint says of Caddyfiles.
 */
import type { FindingDoc } from "../finding.ts";

const reverseProxy = "Caddy documentation, reverse_proxy: streaming, transport http";
const options = "Caddy documentation, global options: servers, timeouts; Go net/http Server";

export const caddyFindings = {
  caddy_reload_cuts_sockets: {
    title: "A reload closes every WebSocket at once",
    severity: "warning",
    symptom: "All clients reconnect in the same second whenever the configuration is reloaded; close code 1006 or 1001.",
    why: "With the old configuration its proxies end, and the tunnels with them. `stream_close_delay` is 0 unless it is set.",
    fix: "`stream_close_delay 5m` in the `reverse_proxy` block. Clients need a reconnect of their own all the same, best at a time of their choice.",
    guards:
      "Only where a matcher, a path or a name speaks of WebSockets: others pass through any `reverse_proxy`, and nothing in the file tells. The option came with 2.7.",
    sources: [reverseProxy],
  },
  caddy_write_cuts_streams: {
    title: "The server's write timeout ends streams",
    severity: "warning",
    symptom: "Event streams and large downloads break off after always the same time: `net::ERR_INCOMPLETE_CHUNKED_ENCODING`, or `http2: stream closed`.",
    why: "`write` is the time for the whole answer, not for one write.",
    fix: "Leave it out. Newer versions have `write_idle`, which watches one write at a time.",
    guards:
      "A warning where something in the file speaks of event streams or gRPC, a note otherwise. Not reported from an hour on, nor where nothing is proxied. WebSockets are not concerned: the deadline is taken away at the upgrade.",
    sources: [options],
  },
  caddy_read_body_cuts_uploads: {
    title: "The server's body timeout ends uploads",
    severity: "warning",
    symptom: "Uploads over slow lines fail after always the same time; calls that stream from the client end.",
    why: "`read_body` is the time for the whole body to arrive, however steadily it comes.",
    fix: "Leave it out, or set what the largest upload needs over the slowest line. Newer versions have `read_idle`.",
    guards: "Below a minute only, and then a note, unless gRPC goes through. Not reported where nothing is proxied.",
    sources: [options],
  },
  caddy_stream_age: {
    title: "WebSockets end at an age",
    severity: "info",
    symptom: "WebSockets close after always the same time, in the middle of traffic.",
    why: "`stream_timeout` counts from the beginning of a tunnel. Activity does not begin it anew.",
    fix: "Remove it, or plan reconnects a tenth earlier, spread over time.",
    guards: "A warning below an hour, where silence was probably meant.",
    sources: [reverseProxy],
  },
  caddy_connection_closed: {
    title: "Connections to upstreams are not kept",
    severity: "warning",
    symptom: "The upstream sees a new connection for each request; TIME_WAIT piles up at Caddy's side.",
    why: "`keepalive off` closes each connection after its answer. It is often set against a race that a shorter time cures as well.",
    fix: "`keepalive 30s`, or any time below the upstream's own by 5 s or more.",
    guards: "Only where it is written.",
    sources: [reverseProxy],
  },
  caddy_buffers: {
    title: "Answers are gathered before they are passed on",
    severity: "warning",
    symptom: "Events come late and in bursts, or all at the end.",
    why: "`response_buffers` (once `buffer_responses`) holds back an answer until the buffer is full or the answer is complete.",
    fix: "Remove it in the block that streams.",
    guards: "A warning where something speaks of event streams or gRPC, a note otherwise. Buffered requests are reported for gRPC alone.",
    sources: [reverseProxy],
  },
  caddy_flush_keeps_requests: {
    title: "Requests go on after their client has left",
    severity: "info",
    symptom: "The application goes on producing events or answers that nobody reads; connections to it pile up.",
    why: "A negative `flush_interval` also keeps the request to the upstream alive when the client is gone. Event streams are flushed at once without it.",
    fix: "Remove the line.",
    guards: "Negative values only: positive ones do no harm to streams.",
    sources: [reverseProxy, "Caddy, modules/caddyhttp/reverseproxy/streaming.go"],
  },
  caddy_grpc_needs_http2: {
    title: "gRPC is sent on without HTTP/2",
    severity: "error",
    symptom: "Calls fail with UNAVAILABLE or 502; the server says `http2: bogus greeting` or closes the connection.",
    why: "To an upstream without TLS Caddy speaks HTTP/1.1 unless the address begins with `h2c://` or the transport says `versions h2c`.",
    fix: "`reverse_proxy h2c://localhost:50051`.",
    guards: "Only where a matcher, a path or a name speaks of gRPC. gRPC-Web over HTTP/1.1 looks the same: name such a route otherwise.",
    sources: [reverseProxy],
  },
  caddy_json_not_read: {
    title: "Caddy's JSON configuration is not read",
    severity: "info",
    symptom: "No findings for a file that may have some.",
    why: "Lint reads the Caddyfile. JSON is what Caddy makes of it, and has other names for the same things.",
    fix: "Give lint the Caddyfile that the JSON was made from.",
    guards: "Only for files with `apps` and `http`.",
    sources: ["docs/lint.md"],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;

/**
 * Findings that need both ends of a path: what the agent at the application's place saw of what the doctor did. Data only.
 */
import type { FindingDoc } from "../finding.ts";

export const agentFindings = {
  backend_http10: {
    title: "Requests reach the application as HTTP/1.0",
    severity: "warning",
    symptom:
      "The application logs `HTTP/1.0`; every request has a connection of its own; upgrades do not arrive; event streams come at once, or all at the end, because their end is the connection's.",
    why: "nginx before 1.29.7 speaks HTTP/1.0 to what it forwards to, unless it is told otherwise; so do some health-checking balancers and old proxies. HTTP/1.0 has neither chunks nor upgrades, and keeps no connection by itself.",
    fix: 'nginx, in that location: `proxy_http_version 1.1;`, with `proxy_set_header Connection "";` for plain requests. Varnish, Apache: remove `force-proxy-request-1.0`.',
    guards: "Only what arrived counts, not what the answer's status line says.",
    sources: ["nginx, ngx_http_proxy_module, proxy_http_version", "RFC 9112, section 9.3"],
  },
  backend_connection_close: {
    title: "The hop in front opens a connection to the application for each request",
    severity: "warning",
    symptom:
      "`TIME_WAIT` piles up on the proxy's side, `connect() failed (99: Cannot assign requested address)` under load, a handshake of TCP (and TLS) is added to every request.",
    why: "It asks the application to close after each answer, or does not keep the connection: nginx without an `upstream` with `keepalive`, or with `Connection` set to `close`; HAProxy with `option http-server-close` or `httpclose`; Apache with `disablereuse=On`.",
    fix: 'nginx: an `upstream` block with `keepalive 64;`, and in the location `proxy_http_version 1.1; proxy_set_header Connection "";`. HAProxy: remove `option httpclose` and `option http-server-close`, add `http-reuse safe`. Apache: no `disablereuse`. Caddy: no `keepalive off`.',
    guards: "Six requests one after the other over one connection from the doctor: a hop that spreads them over some kept connections is not reported.",
    sources: ["nginx, ngx_http_upstream_module, keepalive", "HAProxy, configuration manual, option httpclose, http-reuse"],
    dependsOn: ["backend_http10"],
  },
  backend_closed_by_application: {
    title: "The application ends its connection to the hop after each answer",
    severity: "warning",
    symptom: "As with a hop that does not keep connections; and now and then a 502, when a request meets the end.",
    why: "The hop would keep the connection and the application does not: an answer with `Connection: close`, keep-alive switched off, or a limit of requests per connection.",
    fix: "Keep it for longer than the hop does: Node `server.keepAliveTimeout = 65_000`, no `Connection: close`, no `maxRequestsPerSocket`.",
    guards: "Not reported where a request asked for the close.",
    sources: ["docs/timeouts.md"],
  },
  upgrade_not_forwarded: {
    title: "The request for an upgrade arrives as a plain one",
    severity: "error",
    symptom: "`Unexpected server response: 400` or `426`; engine.io falls back to polling; `WebSocket is closed before the connection is established`.",
    why: "`Upgrade` and `Connection` are hop-by-hop headers: a proxy removes them unless it speaks WebSocket by itself or is told to pass them on. In nginx one `proxy_set_header` in a location also drops all that it would have inherited.",
    fix: "nginx, in that very location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;`. Apache: `ProxyPass / http://app/ upgrade=websocket`. Varnish: `return (pipe)` and copy both headers in `vcl_pipe`. Squid: `http_upgrade_request_protocols websocket allow all`.",
    guards: "Only reported when the agent itself answered that the request came without an upgrade; what another hop answers says nothing about what was lost.",
    sources: ["RFC 9110, section 7.8", "nginx, WebSocket proxying"],
    dependsOn: ["backend_http10"],
  },
  upgrade_headers_lost: {
    title: "The subprotocol of a WebSocket gets lost on the way",
    severity: "warning",
    symptom: "`Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received`, `Server sent no subprotocol`.",
    why: "A hop that answers upgrades itself, or copies only the headers that it knows, drops `Sec-WebSocket-Protocol`.",
    fix: "Let the hop pass all `Sec-WebSocket-*` headers on, in both directions.",
    guards: "Reported only where the same upgrade without a subprotocol is taken.",
    sources: ["RFC 6455, section 4.2.2"],
  },
  event_stream_buffered: {
    title: "A hop holds events back",
    severity: "error",
    symptom: "The first event comes late, then bursts of 4 or 8 kB, or everything at the end; locally it works.",
    why: "A hop gathers the answer before it passes it on: a proxy's buffer, which waits until it is full; a compressor, which waits for more to compress; or a product that streams nothing.",
    fix: 'A buffer: let the application answer with `X-Accel-Buffering: no`, or `proxy_buffering off;` in that location. A compressor: exclude `text/event-stream` from it (Apache `SetEnvIfExpr "%{HTTP_ACCEPT} =~ m#event-stream#" no-gzip`, Express `compression({ filter })`), or answer with `Cache-Control: no-transform` where that helps.',
    guards:
      "Each event carries the time at which it was written, and only differences count, so clocks need not agree. A stream is called live while half of its events come alone. The cause is what helped when it was taken away.",
    sources: ["nginx, ngx_http_proxy_module, proxy_buffering", "WHATWG HTML, server-sent events, authoring notes"],
    dependsOn: ["backend_http10"],
  },
  event_stream_delayed: {
    title: "Events come in steps of a fixed time",
    severity: "warning",
    symptom: "Every event is up to a fifth of a second late (HAProxy), or up to the interval at which a hop flushes.",
    why: "HAProxy tells the kernel to wait for more, which it does for 200 ms, unless `option http-no-delay` is set; Traefik and others flush at an interval.",
    fix: "HAProxy: `option http-no-delay` in `defaults`. Traefik: `flushInterval: -1` (it is not needed for `text/event-stream`). Caddy: `flush_interval -1`.",
    guards: "Told from a buffer's size by larger events: they come in the same steps.",
    sources: ["HAProxy, configuration manual, option http-no-delay"],
  },
  response_deadline: {
    title: "A hop gives up answers that take too long",
    severity: "info",
    symptom: "`504 Gateway Time-out` (HAProxy, nginx), `503` (Varnish), after always the same time, while the application goes on with its work.",
    why: "While an answer is awaited nothing moves, and a timer for answers runs at every hop.",
    fix: "Let the application give up before its proxy does, and say so itself; or raise the timer for the requests that need it: nginx `proxy_read_timeout`, HAProxy `timeout server`, Varnish `first_byte_timeout`, Apache `ProxyTimeout`.",
    guards: "Seen once, with an answer of which not even the head had come. A note: a deadline is right where it is meant.",
    sources: ["docs/ladder.md"],
  },
  tunnel_without_own_timer: {
    title: "WebSockets live by the timer for answers",
    severity: "warning",
    symptom: "A silent WebSocket ends after exactly the time after which a slow answer is given up: HAProxy logs `cD` or `sD`, browsers see `1006`.",
    why: "After the upgrade nothing is awaited any more, and silence is no fault. HAProxy without `timeout tunnel` goes on with `timeout client` and `timeout server`; nginx has only `proxy_read_timeout` for both.",
    fix: "HAProxy: `timeout tunnel 1h` and `timeout client-fin 30s` in `defaults`. nginx: `proxy_read_timeout 1h;` in the location of the WebSocket alone. And a heartbeat all the same.",
    guards:
      "Reported where both times were measured, are within a tenth of a second plus a twentieth of each other, and both ends were ended by somebody in between. Behind HAProxy also where a WebSocket ends with the timer for clients that send nothing; elsewhere it is a note.",
    sources: ["HAProxy, configuration manual, timeout tunnel"],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;

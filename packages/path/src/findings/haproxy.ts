/**
 * What lint says of HAProxy configurations.
 */
import type { FindingDoc } from "../finding.ts";

const manual = (section: string): string => `HAProxy configuration manual, ${section}`;

export const haproxyFindings = {
  haproxy_bare_number: {
    title: "A timeout has no unit, and is a thousand times shorter than meant",
    severity: "error",
    symptom: "503 at once (`SC` in the log) for `timeout connect 5`; connections cut in the middle of requests (`cD`, `sD`) for the others.",
    why: "HAProxy reads a bare number as milliseconds. `5` is five of them.",
    fix: "Write the unit: `timeout connect 5s`.",
    guards:
      "Bare numbers of 1000 and more are left alone: `timeout client 50000` is an old way to write 50 s. For `connect`, `queue`, `check` and `tarpit` from 100.",
    sources: [manual("2.5, Time format")],
  },
  haproxy_timeouts_missing: {
    title: "A timeout that every proxy needs is not set",
    severity: "warning",
    symptom: "At the start: `missing timeouts for frontend 'web'`. Later descriptors and memory that only grow, held by peers that have left without a word.",
    why: "`timeout client`, `timeout connect` and `timeout server` have no default: without them silence lasts for ever.",
    fix: "Set all three in `defaults`, and `timeout tunnel` for streams that may be silent longer.",
    guards: "Not reported for backends to which no frontend leads, for proxies without servers, or where the value comes from the environment.",
    sources: [manual("timeout client, timeout connect, timeout server")],
  },
  haproxy_tunnel_missing: {
    title: "WebSockets live by the timers for requests",
    severity: "warning",
    symptom: "WebSockets close with 1006 after just `timeout client` or `timeout server` of silence (often 30 or 50 s); the log says `cD` or `sD`.",
    why: "After an upgrade HAProxy applies `timeout tunnel` to both directions. Where it is not set the other two go on counting, and those are made for requests.",
    fix: "`timeout tunnel 1h` beside `timeout client-fin 30s`, or a heartbeat often enough for the shorter timer.",
    guards:
      "A warning where names, paths or conditions speak of WebSockets; a note otherwise, since any HTTP frontend lets them pass, but only where no `timeout tunnel` is set anywhere and the timers are too short for a heartbeat of 25 s. Not reported where upgrades are denied or their header is removed, where servers are spoken to in HTTP/2 alone, or where both timers are an hour or more.",
    sources: [manual("timeout tunnel")],
  },
  haproxy_client_server_differ: {
    title: "The two sides of a TCP proxy have different timers",
    severity: "warning",
    symptom: "Connections end earlier than the longer timer says. `cD` in the log where the client's was shorter, `sD` where the server's was.",
    why: "In TCP mode both timers watch the same connection, and either ends it. The manual asks for equal values for that reason.",
    fix: "Set both to the same value, or `timeout tunnel`, which replaces both.",
    guards: "Only where both proxies are in TCP mode and no `timeout tunnel` holds. Not where one of them has no limit: that is another finding.",
    sources: [manual("timeout client, timeout server")],
  },
  haproxy_timeout_ignored: {
    title: "A timeout stands where it does nothing",
    severity: "warning",
    symptom:
      "The value has no effect. For some HAProxy says so at the start: `'timeout tunnel' will be ignored because frontend 'web' has no backend capability`.",
    why: "Each timer belongs to a side. `http-keep-alive` and `http-request` belong to the frontend, and HAProxy takes them in a backend without a word.",
    fix: "Move the line to the section that is named, or to `defaults`.",
    guards:
      "Lines in `defaults` are never reported: each proxy takes its own from there. `http-keep-alive` and `http-request` in a backend count where a frontend in TCP mode leads to it.",
    sources: [manual("timeout http-keep-alive, timeout http-request, timeout tunnel")],
  },
  haproxy_connection_closed: {
    title: "Connections to servers are not kept",
    severity: "warning",
    symptom: "The server sees a new connection for each request; TIME_WAIT piles up; with TLS each request pays a handshake.",
    why: "`option httpclose` and `option http-server-close` end the connection after each answer; `http-reuse never` and an empty pool give it to nobody else.",
    fix: "Remove the line. `http-reuse safe` is the default, and is gentle: the first request of a client never goes over a connection that waited.",
    guards: "HTTP mode only. Not reported where a later line says `no option`.",
    sources: [manual("option httpclose, option http-server-close, http-reuse, pool-purge-delay")],
  },
  haproxy_reload_endless: {
    title: "Old processes outlive each reload",
    severity: "info",
    symptom: "Several haproxy processes after some reloads, each with its share of memory and with counters of its own.",
    why: "A process that was replaced waits for its last connection. A WebSocket or a database connection may last for days.",
    fix: "`hard-stop-after` in `global`: long enough for requests, short enough to deploy again. Clients of streams must come back by themselves.",
    guards: "Only where a tunnel or a TCP proxy may be silent for 10 min or more.",
    sources: [manual("hard-stop-after")],
  },
  haproxy_reload_behind_balancer: {
    title: "A reload breaks requests of the balancer in front",
    severity: "warning",
    symptom: "A burst of 502 at the balancer with each reload of HAProxy (ALB: `HTTPCode_ELB_502_Count`), and nothing in HAProxy's log.",
    why: "Since 2.4 a soft stop closes idle connections at once. The balancer may have put a request on one of them at that moment.",
    fix: "`option idle-close-on-response`: each connection ends with its next answer, announced. `hard-stop-after` bounds the wait.",
    guards: "Only where the path says that a balancer, a CDN or another proxy is in front, and from version 2.4.",
    sources: [manual("option idle-close-on-response")],
  },
  haproxy_body_awaited: {
    title: "Requests wait for their whole body",
    severity: "warning",
    symptom: "Calls that stream from the client hang until `timeout http-request`, then 408; uploads begin at the server late.",
    why: "`option http-buffer-request` forwards nothing before the body is complete or a buffer is full. A stream from the client is never complete.",
    fix: "Leave it out where calls stream. Against slow headers `timeout http-request` is enough.",
    guards: "A warning where gRPC goes through (servers with `proto h2`, names that say so), a note otherwise: against slow posts it is a sound choice.",
    sources: [manual("option http-buffer-request")],
  },
  haproxy_header_deadline_missing: {
    title: "A header may take for ever",
    severity: "info",
    symptom: "Many connections in the state of an unfinished request; new clients wait although the servers are idle (slowloris).",
    why: "Without `timeout http-request` only `timeout client` counts, and that begins again with each byte.",
    fix: "`timeout http-request 10s` in `defaults`.",
    guards: "HTTP frontends only, and not those that listen on the loopback interface or a unix socket alone.",
    sources: [manual("timeout http-request")],
  },
  haproxy_half_closed_kept: {
    title: "Half-closed tunnels stay for the whole tunnel timer",
    severity: "warning",
    symptom: "Connections in CLOSE_WAIT and FIN_WAIT that go down only after an hour.",
    why: "A client that has sent its FIN and then vanished leaves a tunnel that nobody will use. `timeout tunnel` still counts for it.",
    fix: "`timeout client-fin 30s` beside a long `timeout tunnel`.",
    guards: "Only for tunnels of 10 min and more.",
    sources: [manual("timeout client-fin, timeout tunnel")],
  },
  haproxy_proxy_header_pooled: {
    title: "The PROXY header splits the pool by client",
    severity: "info",
    symptom: "Hardly any reuse of connections to the server. With HAProxy before 2.4, or another pool in between, requests with another client's address.",
    why: "The header is sent once per connection and says one address. HAProxy therefore uses a connection again only for requests of that same client.",
    fix: "`option forwardfor` and a server that trusts it from this proxy, instead of `send-proxy`.",
    guards: "HTTP mode only: in TCP mode each connection has one client. Not reported where connections are not kept.",
    sources: [manual("http-reuse; send-proxy")],
  },
  haproxy_limit_contradiction: {
    title: "Limits contradict one another",
    severity: "warning",
    symptom: "`Proxy web reached process FD limit` or connections refused long before the number that the configuration names.",
    why: "A proxied connection takes two descriptors, and the process's `maxconn` is above that of each frontend.",
    fix: "Leave `ulimit-n` out: HAProxy computes it. Set the global `maxconn` to the sum that is meant.",
    guards: "Only numbers that are written in the files, and only a frontend's own `maxconn`.",
    sources: [manual("maxconn, ulimit-n")],
  },
  haproxy_gone: {
    title: "HAProxy no longer knows this line",
    severity: "error",
    symptom: "`[ALERT] ... is not supported any more since HAProxy 2.1`, and the process does not start.",
    why: "Keywords of the 1.x line are refused after some years of warnings.",
    fix: "Remove or replace the line as named.",
    guards: "Only from the version that refuses it; say the version when it is older.",
    sources: ["haproxy -c of version 2.6"],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;

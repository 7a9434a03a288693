/**
 * Findings of `holdfast doctor URL`: what a live path does, seen from outside.
 */
import type { FindingDoc } from "../finding.ts";

export const probeFindings = {
  certificate_bad: {
    title: "The certificate is not good for this host",
    severity: "error",
    symptom: "`ERR_CERT_AUTHORITY_INVALID`, `ERR_CERT_COMMON_NAME_INVALID`, `unable to verify the first certificate`; `curl: (60) SSL certificate problem`.",
    why: "The name is not in the certificate, or nobody that is trusted vouches for it. The commonest cause is a server that sends its own certificate without the intermediate one.",
    fix: "Send the whole chain (`fullchain.pem` and not `cert.pem`), with a certificate that names the host. With a private authority give the doctor its certificate: `--ca FILE`.",
    guards: "Not reported with `--insecure` for trust; a wrong name is reported all the same.",
    sources: ["RFC 5280, section 6", "RFC 9525"],
  },
  certificate_expiring: {
    title: "A certificate ends soon, or has ended",
    severity: "warning",
    symptom: "`ERR_CERT_DATE_INVALID`, `certificate has expired`: for everybody, at the same moment.",
    why: "Renewal does not work, or works and the process still serves the old file. The certificates that are sent along count as well as the server's own.",
    fix: "Renew it, and let the process load the new file (`nginx -s reload`; guard and the server do so by themselves).",
    guards:
      "Reported from 21 days before the end, as an error from 3 days. Certificates that live for less than 30 days in all are reported in their last quarter only where that is known.",
    sources: ["docs/doctor.md"],
  },
  event_stream_lost: {
    title: "An event stream does not come through, although the application offers one",
    severity: "error",
    symptom: "`EventSource` fails at once, or reconnects for ever: `net::ERR_ABORTED`, a content type that is not `text/event-stream`.",
    why: "A hop answers in place of the application, or changes the content type.",
    fix: "Look at the status that came: it is the hop's own. Let the hop forward this path as it is.",
    guards: "Only reported where the agent stands behind the path, because only then it is known that there is a stream.",
    sources: ["WHATWG HTML, server-sent events"],
  },
  header_timeout_missing: {
    title: "A connection that never sends a request is kept for long",
    severity: "info",
    symptom: "Connections pile up that do nothing; `worker_connections are not enough`, `EMFILE`, under a slow attack or behind a broken balancer.",
    why: "Nothing limits the time until a request's header block has come.",
    fix: "nginx `client_header_timeout 10s`, HAProxy `timeout http-request 10s`, Node `headersTimeout` with a short `connectionsCheckingInterval`; guard has `headersMs`.",
    guards:
      "Reported from 60 s on. A hop that waits for the first byte only when it has something to do with it (`accept` filters) looks the same and costs less.",
    sources: ["docs/guard.md"],
  },
  http1_only: {
    title: "Only HTTP/1.1 is offered over TLS",
    severity: "info",
    symptom: "Browsers open at most six connections to the origin: a seventh event stream or slow request waits.",
    why: "ALPN did not agree on HTTP/2.",
    fix: "nginx `http2 on`, HAProxy `alpn h2,http/1.1`, Node `http2.createSecureServer({ allowHTTP1: true })`. Then look at what the hop does to WebSockets: RFC 8441 is rarely spoken.",
    guards: "A note: for services that other services call it changes little.",
    sources: ["RFC 9113, section 3.2"],
  },
  keep_alive_off: {
    title: "Connections are not kept for a second request",
    severity: "warning",
    symptom: "Each request pays for TCP and TLS; `TIME_WAIT` piles up; `cannot assign requested address` under load.",
    why: "The answer says `Connection: close`, is of HTTP/1.0, or has a body that ends only with its connection.",
    fix: "nginx `keepalive_timeout 75s`, Node `server.keepAliveTimeout` and no `Connection: close` set by the application, Apache `KeepAlive On`, HAProxy without `option httpclose`.",
    guards:
      "Proven by a second request on the same connection, never by the header alone. A server that is draining says `Connection: close` too: look again later.",
    sources: ["RFC 9112, section 9.3"],
  },
  keep_alive_short: {
    title: "The receiver ends a kept connection first",
    severity: "info",
    symptom:
      "Now and then a 502 with nothing in the application's log, `ECONNRESET`, `socket hang up`, `upstream prematurely closed connection`: the more often the less traffic there is.",
    why: "A request may be under way just when the receiver closes the idle connection. Only who gives up first decides whether that can happen, and it must be who sends.",
    fix: "Every sender (a balancer, a proxy's pool, a service's agent) must give up before: its idle timer plus a margin (1 s, 5 s for a managed balancer, a tenth) at most what was measured here. Else raise the receiver's timer.",
    guards:
      "A note where the timer is 15 s or more: browsers and most pools bear that. A receiver that announces its timer (`Keep-Alive: timeout`) is no danger to senders that listen.",
    sources: ["RFC 9112, sections 9.5 and 9.6", "docs/timeouts.md"],
  },
  lifetime_cap: {
    title: "Connections end at an age, however busy they are",
    severity: "warning",
    symptom: "Streams break at regular times, with traffic or without: `1006` at 30 s, an hour, two hours.",
    why: "Something limits the age of a connection and not its silence: GCP `timeoutSec` for WebSockets, ALB `client_keep_alive`, API Gateway's two hours, a deploy.",
    fix: "Raise the limit where it can be raised (GCP `timeoutSec: 86400`), and let clients reconnect by plan at nine tenths of it, the new connection before the end of the old.",
    guards: "Only reported for a connection that had been used a moment before it ended, where silent ones did not end sooner.",
    sources: ["docs/timeouts.md"],
  },
  path_differs: {
    title: "The path is not as it was declared",
    severity: "warning",
    symptom: "Everything was derived from the path file, and connections die all the same.",
    why: "A hop has another timer than the file says, a hop is missing from it, or one stands in another place. A ladder that rests on a wrong figure is wrong.",
    fix: "Look where the value is really set (a default that another version changed, an include, a console of the cloud), and correct the file or the hop; then `holdfast plan` again.",
    guards: "Not reported where the measurement did not get as far as the declared value, nor for timers that are late by up to 1.5 s or a fiftieth.",
    sources: ["docs/doctor.md"],
  },
  resumption_off: {
    title: "TLS sessions can not be resumed",
    severity: "info",
    symptom: "Each new connection costs a whole handshake: a round trip more with TLS 1.2, and a signature by the server.",
    why: "The server gives no session: tickets and cache are switched off.",
    fix: "nginx `ssl_session_tickets on` (the default) and `ssl_session_cache shared:SSL:10m`.",
    guards: "A server that gives its ticket only with the first answer looks the same to a client that sends nothing.",
    sources: ["RFC 8446, section 2.2"],
  },
  resumption_partial: {
    title: "TLS sessions are resumed only now and then",
    severity: "warning",
    symptom: "A part of all handshakes is whole; it grows with the number of replicas.",
    why: "Each replica, or each process, has ticket keys of its own: a session is resumed only when the same one answers, which is one time in N.",
    fix: "Share ticket keys: nginx `ssl_session_ticket_key` with the same file everywhere, or `ssl_session_cache shared` between the workers of one machine.",
    guards: "Counted over eight reconnects with the newest session each. One miss can be the rotation of a key.",
    sources: ["nginx, ngx_http_ssl_module", "RFC 5077, section 5.5"],
  },
  silent_drop: {
    title: "Idle connections are dropped in silence",
    severity: "error",
    symptom:
      "Both ends believe that they are connected. The next request hangs for a quarter of an hour (`ETIMEDOUT`), or until some deadline; nothing is in any log.",
    why: "A box below TCP (NAT gateway, firewall, network balancer, IPVS) forgot the flow and told nobody: packets vanish. TCP alone notices only when its retries are over.",
    fix: "Move bytes more often than that: a heartbeat, or TCP keepalive with an idle time of at most half of it. Pools must give up before it. Where the box can tell both ends (Azure `EnableTcpReset`), let it.",
    guards: "Only counted when a fresh connection worked at that moment: an outage is no drop.",
    sources: ["RFC 5382, REQ-5", "docs/timeouts.md"],
  },
  stream_idle_timeout: {
    title: "Open streams end after a silence",
    severity: "warning",
    symptom: "WebSockets close with `1006`, event streams with `net::ERR_INCOMPLETE_CHUNKED_ENCODING`, always after the same time without traffic.",
    why: "A hop takes a silent stream for a dead one.",
    fix: "Send a heartbeat that survives one loss: `2 x 1.1 x period + way <= timer`, of bytes that this hop counts (the reset matrix says which). Or raise the hop's timer for this location alone.",
    guards: "Not reported where the other side speaks by itself often enough, since then its silence can not be seen.",
    sources: ["docs/timeouts.md"],
  },
  tls_old: {
    title: "An outdated version of TLS was agreed on",
    severity: "warning",
    symptom: "`ERR_SSL_VERSION_OR_CIPHER_MISMATCH` in clients that do not speak it any more.",
    why: "The server offers nothing newer than TLS 1.1, which is deprecated.",
    fix: "nginx `ssl_protocols TLSv1.2 TLSv1.3`, HAProxy `ssl-min-ver TLSv1.2`.",
    guards: "What was agreed on is the best that both speak; that the server would take worse is not tried.",
    sources: ["RFC 8996"],
  },
  websocket_lost: {
    title: "The upgrade to WebSocket does not reach the application",
    severity: "error",
    symptom: "`Unexpected server response: 400` or `426`; libraries fall back to polling.",
    why: "A hop does not pass `Upgrade` and `Connection` on, or speaks HTTP/1.0 to the next.",
    fix: "nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;` in that very location.",
    guards:
      "Reported as an error where the agent stands behind the path and offers one, as a warning where 426 came, and not at all where the URL may simply be none.",
    sources: ["RFC 6455, section 4.2", "nginx, WebSocket proxying"],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;

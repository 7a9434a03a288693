/**
 * A whole nginx.conf out of a plan. Times are written in seconds where they are whole, else in ms; nginx has no word for "never".
 */
import type { Value } from "../knob.ts";
import type { Plan } from "../plan.ts";
import { type Directive, type Line, linesOf } from "./directives.ts";
import { commented, type EmitOptions, hopOf, plain, word } from "./hop.ts";

/** As good as never: nginx would take 0 for "off". */
const longest = "365d";

export const nginxTime = (value: Value): string => {
  if (value === "never") return longest;
  return Number(value) % 1_000 === 0 ? `${Number(value) / 1_000}s` : `${Math.round(Number(value))}ms`;
};

const time = (knob: string, directive = knob, more: Omit<Directive, "knob" | "text"> = {}): Directive => ({
  knob,
  text: (value) => `${directive} ${nginxTime(value)};`,
  ...more,
});
const count = (knob: string, directive = knob, more: Omit<Directive, "knob" | "text"> = {}): Directive => ({
  knob,
  text: (value) => (value === "never" ? null : `${directive} ${Number(value)};`),
  ...more,
});
const onOff = (knob: string): Directive => ({ knob, text: (value) => `${knob} ${value === true || value === "on" ? "on" : "off"};`, onlyMeant: true });

const main: readonly Directive[] = [
  { knob: "worker_shutdown_timeout", text: (value) => (value === "never" ? null : `worker_shutdown_timeout ${nginxTime(value)};`) },
  count("worker_rlimit_nofile", "worker_rlimit_nofile", { onlyMeant: true }),
];
const events = [count("worker_connections")];
const client = [
  time("keepalive_timeout"),
  count("keepalive_requests"),
  time("keepalive_time", "keepalive_time", { since: "1.19.10" }),
  time("keepalive_min_timeout", "keepalive_min_timeout", { since: "1.27.4", onlyMeant: true }),
  time("client_header_timeout"),
  time("client_body_timeout"),
  time("send_timeout"),
  time("lingering_timeout", "lingering_timeout", { onlyMeant: true }),
  time("lingering_time", "lingering_time", { onlyMeant: true }),
];
const pool = [
  time("upstream keepalive_timeout", "keepalive_timeout"),
  count("upstream keepalive_requests", "keepalive_requests"),
  time("upstream keepalive_time", "keepalive_time", { since: "1.19.10" }),
];
const proxy = [
  time("proxy_connect_timeout"),
  time("proxy_read_timeout"),
  time("proxy_send_timeout"),
  onOff("proxy_socket_keepalive"),
  onOff("proxy_buffering"),
];
const grpc = [time("grpc_read_timeout", "grpc_read_timeout", { onlyMeant: true }), time("grpc_send_timeout", "grpc_send_timeout", { onlyMeant: true })];

export function emitNginx(plan: Plan, options: EmitOptions = {}): string {
  const emitted = hopOf(plan, ["nginx"], options);
  const { hop, reuses } = emitted;
  const block = (directives: readonly Directive[], indent: string): Line[] => linesOf(emitted, directives, indent);
  const keepalive = emitted.read("upstream keepalive");
  const size = typeof keepalive?.value === "number" ? keepalive.value : 0;
  const keeps = reuses && size > 0;
  const version = emitted.read("proxy_http_version");
  const isHttp2 = String(version?.value) === "2";
  const listens = emitted.read("listen so_keepalive");
  const probes = listens === null || !listens.isMeant ? "" : ` so_keepalive=${word("listen so_keepalive", listens.value)}`;
  const silence = block(proxy.filter(isSilence), "            ");
  const lines: Line[] = [
    ...emitted.head("nginx.conf").map((text): Line => [`# ${plain(text)}`, ""]),
    [`worker_processes ${hop.processes};`, hop.processes > 1 ? "each keeps a pool of its own" : "as declared; each would keep a pool of its own"],
    ...block(main, ""),
    ["", ""],
    ["events {", ""],
    ...block(events, "    "),
    ["}", ""],
    ["", ""],
    ["http {", ""],
    ["    # An ordinary request must not carry `Connection: close`, or it ends the pool's connection; an upgrade has to be handed on.", ""],
    ["    map $http_upgrade $connection_to_next {", ""],
    ["        default upgrade;", ""],
    keeps ? ["        ''      '';", "keeps connections to the next hop"] : ["        ''      close;", "the path keeps no connections to the next hop"],
    ["    }", ""],
    ["", ""],
    ...block(client, "    "),
    ["", ""],
    ["    upstream next_hop {", ""],
    [`        server ${emitted.to};`, emitted.place("to", "where the next hop is")],
    ...(keeps
      ? ([[`        keepalive ${size};`, `${keepalive?.why}; idle connections of each worker`], ...block(pool, "        ")] as Line[])
      : noPool(emitted.since("1.29.7"))),
    ["    }", ""],
    ["", ""],
    ["    server {", ""],
    [
      `        listen ${emitted.listen}${probes};`,
      `${emitted.place("listen", "where users or the hop before connect")}${probes === "" ? "" : `; ${listens?.why}`}`,
    ],
    ["", ""],
    [
      `        proxy_http_version ${isHttp2 ? "2" : "1.1"};`,
      isHttp2 ? `${version?.why}; upgrades (WebSocket) need 1.1` : "1.0 can neither keep a connection nor upgrade one",
    ],
    ["        # Repeat all of these in a location that sets any header: a block that has one inherits none.", ""],
    ["        proxy_set_header Host $http_host;", ""],
    ["        proxy_set_header Upgrade $http_upgrade;", ""],
    ["        proxy_set_header Connection $connection_to_next;", ""],
    ...block(
      proxy.filter((directive) => !isSilence(directive)),
      "        ",
    ),
    ...block(grpc, "        "),
    ["", ""],
    ["        location / {", ""],
    ["            proxy_pass http://next_hop;", "by name: an address here would keep no connections"],
    ...silence,
    ["        }", ""],
    ["", ""],
    ...streamLocation(emitted.streams, streamsWhy(plan), silence),
    ["    }", ""],
    ["}", ""],
  ];
  return `${commented(lines, "#").join("\n")}\n`;
}

/** From 1.29.7 on a pool is there unless it is switched off. */
const noPool = (byDefault: boolean): Line[] => [
  byDefault ? ["        keepalive 0;", "the path keeps no connections here"] : ["        # no keepalive: the path keeps no connections here", ""],
];

function streamsWhy({ streams }: Plan): string {
  const { heartbeatMs } = streams;
  return `a beat every ${nginxTime(heartbeatMs)} is enough for its proxy_read_timeout`;
}

/** Said where streams pass, so that nobody who copies a location leaves it behind. */
const isSilence = ({ knob }: Directive): boolean => knob === "proxy_read_timeout";

const streamLocation = (path: string, why: string, silence: readonly Line[]): Line[] => [
  [`        location ${path} {`, why],
  ["            proxy_pass http://next_hop;", ""],
  ...silence,
  ["            proxy_buffering off;", "an event must not wait for a full buffer"],
  ["            proxy_cache off;", ""],
  ["            gzip off;", "not needed against delay: with buffering off gzip is flushed with each buffer"],
  ["        }", ""],
];

/**
 * A whole Caddyfile out of a plan. Times are Go's: whole seconds, else ms. Directives that the hop's version does not know stay as comments.
 */
import type { Value } from "../knob.ts";
import type { Plan } from "../plan.ts";
import { type Directive, type Line, linesOf } from "./directives.ts";
import { commented, type EmitOptions, hopOf, plain } from "./hop.ts";

export const caddyTime = (value: Value): string => (Number(value) % 1_000 === 0 ? `${Number(value) / 1_000}s` : `${Math.round(Number(value))}ms`);

/** The last word of the knob's name is the directive. */
const directiveOf = (knob: string): string => knob.split(" ").at(-1) as string;
const time = (knob: string, more: Omit<Directive, "knob" | "text"> = {}): Directive => ({
  knob,
  text: (value) => (value === "never" ? null : `${directiveOf(knob)} ${caddyTime(value)}`),
  ...more,
});

const global = [time("grace_period")];
const timeouts = [
  time("timeouts idle"),
  time("timeouts read_header"),
  time("timeouts read_body", { onlyMeant: true }),
  time("timeouts write", { onlyMeant: true }),
  time("timeouts read_idle", { since: "2.11.5" }),
  time("timeouts write_idle", { since: "2.11.5" }),
];
const transport: readonly Directive[] = [
  { knob: "transport keepalive", text: (value) => (value === 0 ? "keepalive off" : value === "never" ? null : `keepalive ${caddyTime(value)}`) },
  { knob: "transport keepalive_idle_conns_per_host", text: (value) => (value === "never" ? null : `keepalive_idle_conns_per_host ${Number(value)}`) },
  {
    knob: "transport max_conns_per_host",
    text: (value) => (value === "never" ? null : `max_conns_per_host ${Number(value)}`),
    onlyMeant: true,
  },
  time("transport keepalive_interval"),
  time("transport dial_timeout"),
  time("transport response_header_timeout", { onlyMeant: true }),
  time("transport read_timeout", { onlyMeant: true }),
  time("transport write_timeout", { onlyMeant: true }),
];
/** Reloads cut WebSockets at once unless they are given time. */
const streams = [time("stream_timeout", { since: "2.7.0", onlyMeant: true }), time("stream_close_delay", { since: "2.7.0", onlyMeant: true })];

export function emitCaddy(plan: Plan, options: EmitOptions = {}): string {
  const emitted = hopOf(plan, ["caddy"], options);
  const host = emitted.listen.replace(/^\*/, "");
  const lines: Line[] = [
    ...emitted.head("Caddyfile").map((text): Line => [`# ${plain(text)}`, ""]),
    ["{", ""],
    ...linesOf(emitted, global, "\t"),
    ["\tservers {", ""],
    ["\t\ttimeouts {", ""],
    ...linesOf(emitted, timeouts, "\t\t\t"),
    ["\t\t}", ""],
    ["\t}", ""],
    ["}", ""],
    ["", ""],
    [`# ${emitted.place("listen", "where users or the hop before connect; a host name in place of it makes Caddy serve HTTPS")}`, ""],
    [`http://${host} {`, ""],
    [`\t# ${emitted.place("to", "where the next hop is")}`, ""],
    [`\treverse_proxy ${emitted.to} {`, ""],
    ["\t\ttransport http {", ""],
    ...linesOf(emitted, transport, "\t\t\t"),
    ["\t\t}", ""],
    ...linesOf(emitted, streams, "\t\t"),
    ...closeDelay(emitted.since("2.7.0"), emitted.read("stream_close_delay")?.isMeant === true, plan),
    ["\t\t# No flush_interval: event streams are passed on at once, and with -1 a request goes on when its client has left.", ""],
    ["\t}", ""],
    ["}", ""],
  ];
  return `${commented(lines, "#").join("\n")}\n`;
}

/** Where the path says nothing: what a drain takes, since a reload is one for the WebSockets of the old configuration. */
function closeDelay(isKnown: boolean, isSaid: boolean, { drain }: Plan): Line[] {
  if (isSaid) return [];
  if (!isKnown) return [["\t\t# stream_close_delay needs version 2.7.0: until then a reload cuts every WebSocket at once", ""]];
  return [[`\t\tstream_close_delay ${caddyTime(drain.drainMs)}`, "S1: a reload would cut every WebSocket at once; as long as a drain"]];
}

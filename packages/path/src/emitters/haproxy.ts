/**
 * A whole haproxy.cfg out of a plan. What is "never" in a plan is said by leaving the line out: unset is infinite in HAProxy.
 */
import type { Value } from "../knob.ts";
import type { Plan } from "../plan.ts";
import { type Directive, type Line, linesOf } from "./directives.ts";
import { commented, type EmitOptions, type EmittedHop, hopOf, plain, word } from "./hop.ts";

/** HAProxy counts ms in 31 bits; above it the configuration is refused. */
const longestMs = 2_147_483_647;

export const haproxyTime = (value: Value): string => {
  const ms = Math.min(longestMs, Math.round(Number(value)));
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
};

const time = (knob: string, more: Omit<Directive, "knob" | "text"> = {}): Directive => ({
  knob,
  text: (value) => (value === "never" ? null : `${knob} ${haproxyTime(value)}`),
  ...more,
});
const count = (knob: string): Directive => ({ knob, text: (value) => (value === "never" ? null : `${knob} ${Number(value)}`), onlyMeant: true });
const option = (knob: string): Directive => ({ knob, text: (value) => (value === true ? knob : `no ${knob}`), onlyMeant: true });

const global = [count("maxconn"), time("hard-stop-after")];
const defaults = [
  time("timeout connect"),
  time("timeout client"),
  time("timeout server"),
  time("timeout http-request"),
  time("timeout http-keep-alive"),
  time("timeout queue", { onlyMeant: true }),
  time("timeout tunnel"),
  time("timeout client-fin"),
  time("timeout server-fin"),
  option("option clitcpka"),
  option("option srvtcpka"),
];

/** Words after `server`, in one line with it. */
const ofServer: readonly { readonly knob: string; readonly text: (value: Value) => string }[] = [
  { knob: "pool-purge-delay", text: (value) => `pool-purge-delay ${value === "never" ? haproxyTime(longestMs) : haproxyTime(value)}` },
  { knob: "pool-max-conn", text: (value) => `pool-max-conn ${value === "never" ? -1 : Number(value)}` },
  { knob: "server maxconn", text: (value) => (value === "never" ? "" : `maxconn ${Number(value)}`) },
];

export function emitHaproxy(plan: Plan, options: EmitOptions = {}): string {
  const emitted = hopOf(plan, ["haproxy"], options);
  const lines: Line[] = [
    ...emitted.head("haproxy.cfg").map((text): Line => [`# ${plain(text)}`, ""]),
    ["# It names no user and no log: those are the host's.", ""],
    ["global", ""],
    ...linesOf(emitted, global, "    "),
    ["", ""],
    ["defaults", ""],
    ["    mode http", ""],
    ...defaults.flatMap((directive) => endLine(emitted, directive) ?? linesOf(emitted, [directive], "    ")),
    [`    http-reuse ${reuseWord(emitted)}`, emitted.read("http-reuse")?.why ?? ""],
    idleClose(emitted),
    ["    option http-no-delay", "events leave at once"],
    ["", ""],
    ["frontend users", ""],
    [`    bind ${emitted.listen}`, emitted.place("listen", "where users or the hop before connect")],
    ["    default_backend next_hop", ""],
    ["", ""],
    ["backend next_hop", ""],
    ...serverLines(emitted),
  ];
  return `${commented(lines, "#").join("\n")}\n`;
}

const hourMs = 3_600_000;

/**
 * The three timers that HAProxy itself misses where nothing is set: without, what is dead is held for ever. Longer than whatever the path has
 * on that side, so that no rule notices. Null: the path says what the timer is, or who sends keeps connections for ever.
 */
function endLine(emitted: EmittedHop, { knob }: Directive): Line[] | null {
  const written = emitted.read(knob);
  if (written === null || written.isMeant || written.value !== "never") return null;
  const endMs = { "timeout connect": 5_000, "timeout client": clientEndMs(emitted), "timeout server": hourMs }[knob] ?? null;
  return endMs === null ? null : [[`    ${knob} ${haproxyTime(endMs)}`, "no rule asks for it: it ends what is dead, and HAProxy has no default"]];
}

/** It times idle connections of the hop before too, whose pool must give up first (A1). */
function clientEndMs({ plan, hop }: EmittedHop): number | null {
  const sender = plan.links.find(({ receiver }) => receiver.name === hop.name)?.senderIdle ?? null;
  if (sender === null) return hourMs;
  const value = plan.derived.find((one) => one.hop === sender.hop && one.knob === sender.knob.name)?.value ?? sender.value;
  if (typeof value !== "number") return null;
  return Math.max(hourMs, Math.ceil((value * (sender.knob.lastsTimes ?? 1) * 1.2) / 1_000) * 1_000);
}

const reuseWord = (emitted: EmittedHop): string => word("http-reuse", emitted.read("http-reuse")?.value ?? "safe");

/** Always on: a reload that closes idle connections at once is the race of two timers for all of them. */
function idleClose(emitted: EmittedHop): Line {
  const knob = "option idle-close-on-response";
  const written = emitted.read(knob);
  const isOff = written?.isMeant === true && written.value === false;
  return [`    ${isOff ? "no " : ""}${knob}`, isOff ? written.why : "a reload ends idle connections with their next answer, announced"];
}

function serverLines(emitted: EmittedHop): Line[] {
  const words = ofServer.flatMap(({ knob, text }) => {
    const written = emitted.read(knob);
    return written === null ? [] : [{ words: text(written.value), why: `${knob}: ${written.why}`, isMeant: written.isMeant }];
  });
  const kept = words.filter((one) => one.words !== "" && (one.isMeant || one.words.startsWith("pool-purge-delay")));
  return [
    ...kept.map(({ why }): Line => [`    # ${plain(why)}`, ""]),
    [["    server next", emitted.to, ...kept.map((one) => one.words)].join(" "), emitted.place("to", "where the next hop is")],
  ];
}

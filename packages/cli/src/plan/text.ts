/**
 * A plan as text for people, within 80 columns where words can be broken: the path, its links, what is broken with both ways out, and what
 * to write. Pure: colour and width are given. Names come from files of others, so all of it is escaped.
 */
import { formatDuration, formatValue, type Link, type Plan, type Setting, type Violation } from "@holdfast/path";
import { plural } from "../amounts.ts";
import { escapeLine } from "../escape.ts";

export interface PlanStyle {
  readonly colour: boolean;
  readonly charsMax: number;
}

const shades = { error: 160, warning: 172, info: 244, ok: 35 } as const;

/** A line, and its colour where it has one. */
type Line = string | { readonly text: string; readonly shade: keyof typeof shades };

/** The whole text, ending in a line break. */
export function planText(plan: Plan, style: PlanStyle): string {
  const blocks: Line[][] = [pathLines(plan, style), linkLines(plan), ...plan.violations.map((violation) => violationLines(violation, style))];
  blocks.push(writtenLines(plan), streamLines(plan, style), poolLines(plan, style), deployLines(plan, style), impossibleLines(plan, style), verdictLines(plan));
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => draw(line, style)).join("\n"))
    .join("\n\n")}\n`;
}

function draw(line: Line, { colour }: PlanStyle): string {
  if (typeof line === "string") return escapeLine(line);
  return colour ? `\x1b[38;5;${shades[line.shade]}m${escapeLine(line.text)}\x1b[0m` : escapeLine(line.text);
}

/** Breaks a sentence into lines with an indent. */
export function wrap(text: string, indent: string, charsMax: number, first = indent): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const isEmpty = line.trim() === "" || line === first;
    if (!isEmpty && line.length + 1 + word.length > charsMax) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}

function pathLines({ hops }: Plan, { charsMax }: PlanStyle): string[] {
  const names = hops.map(
    ({ name, replicas, product }) => `${product.kind === "flow" || product.kind === "kernel" ? `(${name})` : name}${replicas > 1 ? ` x${replicas}` : ""}`,
  );
  return wrap(names.join(" > ").replaceAll(" x", "\u{a0}x"), "  ", charsMax, "").map((line) => line.replaceAll("\u{a0}", " "));
}

const places = ({ sender, receiver }: Link): string => `${sender.name} -> ${receiver.name}`;

/** Link by link: when the sender gives up, by how much it has to be earlier, when the receiver ends. */
function linkLines({ links, violations }: Plan): Line[] {
  if (links.length === 0) return [];
  const rows = links.map((link) => ({ link, cells: linkCells(link), verdict: verdictOf(link, violations) }));
  const nameWidth = Math.max("link".length, ...links.map((link) => places(link).length));
  const widths = [0, 1].map((index) => Math.max(["gives up", "ends"][index]?.length ?? 0, ...rows.map(({ cells }) => cells[index]?.length ?? 0)));
  const line = (state: string, name: string, cells: readonly string[], note: string): string =>
    `${state.padEnd(5)}${name.padEnd(nameWidth)}  ${(cells[0] ?? "").padStart(widths[0] as number)}  ${(cells[1] ?? "").padStart(widths[1] as number)}  ${note}`.trimEnd();
  return [
    "Kept connections: the sender gives up first, the receiver ends later",
    line("", "link", ["gives up", "ends"], ""),
    ...rows.map(({ link, cells, verdict }): Line => ({ text: line(verdict.word, places(link), cells, verdict.note), shade: verdict.shade })),
  ];
}

function linkCells({ senderIdle, receiverIdle, receiverBufferMs, reuse }: Link): string[] {
  if (reuse === false) return ["-", "-"];
  const ends = receiverIdle === null ? "?" : typeof receiverIdle.value === "number" ? formatDuration(receiverIdle.value + receiverBufferMs) : "never";
  return [senderIdle === null ? "?" : lasts(senderIdle), ends];
}

/** Where a timer ends half of the connections at a time, the last of them lasts for several. */
const lasts = ({ knob, value }: Setting): string => (typeof value === "number" ? formatDuration(value * (knob.lastsTimes ?? 1)) : formatValue("ms", value));

interface LinkVerdict {
  readonly word: string;
  readonly shade: keyof typeof shades;
  readonly note: string;
}

/** The worst that is said of the link's idle timers. */
function verdictOf(link: Link, violations: readonly Violation[]): LinkVerdict {
  const found = violations.find(({ where, rule }) => where === places(link) && ["A1", "A2", "A3", "A4", "P1"].includes(rule));
  const flow = link.flowIdle === null ? "" : `${link.flowIdle.hop} forgets after ${formatValue("ms", link.flowIdle.value)}`;
  if (found !== undefined) return { word: found.severity === "error" ? "NOT" : "weak", shade: found.severity, note: `${found.rule}: ${found.inequality}` };
  if (link.reuse === false) return { word: "ok", shade: "ok", note: "keeps no connection" };
  if (link.sender.product.kind === "browser") return { word: "ok", shade: "ok", note: "browsers repeat by themselves" };
  if (link.senderIdle === null || link.receiverIdle === null) return { word: "-", shade: "info", note: flow === "" ? "not known" : flow };
  return { word: "ok", shade: "ok", note: flow };
}

function violationLines({ severity, rule, where, code, title, inequality, fixes, grade }: Violation, style: PlanStyle): Line[] {
  const head = `${severity} ${rule}  ${where}  (${code})`;
  const unsure = grade === "unverified" ? ["  A figure of it is commonly said and was not verified."] : [];
  const ways = fixes.flatMap(({ hop, knob, value, unit, cost }, index) => [
    `  ${index === 0 ? (fixes.length > 1 ? "either" : "write ") : "or    "} ${hop}: ${knob} ${formatValue(unit, value)}`,
    ...wrap(`costs: ${cost}`, "           ", style.charsMax, "         "),
  ]);
  return [{ text: head, shade: severity }, ...wrap(title, "  ", style.charsMax), `  needs  ${inequality}`, ...unsure, ...ways];
}

/** What to write, hop by hop; what is there already has no star. */
function writtenLines({ derived, hops }: Plan): string[] {
  if (derived.length === 0) return [];
  const [hopWidth, knobWidth] = [Math.max(...derived.map(({ hop }) => hop.length)), Math.max(...derived.map(({ knob }) => knob.length))];
  const valueWidth = Math.max(...derived.map(({ unit, value }) => formatValue(unit, value).length));
  return [
    "What to write (* differs from what is there)",
    ...hops.flatMap(({ name }) =>
      derived
        .filter(({ hop }) => hop === name)
        .map(
          ({ hop, knob, value, unit, rule, changed }, index) =>
            `${changed ? "*" : " "} ${(index === 0 ? hop : "").padEnd(hopWidth)}  ${knob.padEnd(knobWidth)}  ${formatValue(unit, value).padStart(valueWidth)}  ${rule}`,
        ),
    ),
  ];
}

function streamLines({ streams }: Plan, { charsMax }: PlanStyle): string[] {
  const { limitedBy, heartbeatMs, heartbeatMaxMs, heartbeatOf, deadAfterMs, reconnectMs, lifetimeLimitedBy } = streams;
  const limit =
    limitedBy === null
      ? "no hop ends a silent stream"
      : `${limitedBy.hop} ends a silent stream after ${formatValue("ms", limitedBy.value)} (${limitedBy.knob.name})`;
  const most = heartbeatMaxMs === null ? "" : `, at most ${formatDuration(heartbeatMaxMs)}`;
  const row = (label: string, text: string): string[] => wrap(text, "              ", charsMax, `  ${label.padEnd(12)}`);
  return [
    "Streams",
    ...row("heartbeat", `every ${formatDuration(heartbeatMs)}${most}: ${limit}`),
    ...row("made of", heartbeatOf),
    ...row("dead after", `${formatDuration(deadAfterMs)} without a byte, at either end`),
    ...(reconnectMs === null
      ? []
      : row(
          "reconnect",
          `by plan, at an age from ${formatDuration(reconnectMs.from)} to ${formatDuration(reconnectMs.to)}: ${lifetimeLimitedBy?.hop} ends them at ${formatValue("ms", lifetimeLimitedBy?.value ?? "never")}`,
        )),
  ];
}

function poolLines({ pools }: Plan, { charsMax }: PlanStyle): Line[] {
  if (pools.length === 0) return [];
  return [
    "Pools",
    ...pools.flatMap(({ sender, receiver, connectionsMax, limit, sum, limitSum }): Line[] => {
      const fits = limit === null || connectionsMax <= limit;
      const head = `  ${limit === null ? "-  " : fits ? "ok " : "NOT"} ${sender} -> ${receiver}  ${connectionsMax} of ${limit ?? "?"}`;
      return [{ text: head, shade: fits ? (limit === null ? "info" : "ok") : "error" }, ...wrap(`${sum}, of ${limitSum}`, "        ", charsMax, "      ")];
    }),
  ];
}

function deployLines({ drain }: Plan, { charsMax }: PlanStyle): string[] {
  const { unreadyMs, drainMs, terminationGraceMs } = drain;
  const times = `unready for ${formatDuration(unreadyMs)}, then drain for ${formatDuration(drainMs)}; kill after ${formatDuration(terminationGraceMs)} at the earliest`;
  return ["Deploys", ...wrap(times, "  ", charsMax)];
}

const impossibleLines = ({ impossible }: Plan, style: PlanStyle): Line[] =>
  impossible.length === 0 ? [] : [{ text: "No values can mend:", shade: "error" }, ...impossible.flatMap((each) => wrap(each, "    ", style.charsMax, "  - "))];

function verdictLines({ violations }: Plan): Line[] {
  const count = (severity: Violation["severity"]): number => violations.filter((each) => each.severity === severity).length;
  const [errors, warnings, notes] = [count("error"), count("warning"), count("info")];
  if (errors + warnings + notes === 0) return [{ text: "Every inequality holds.", shade: "ok" }];
  const text = [plural(errors, "error", "errors"), plural(warnings, "warning", "warnings"), plural(notes, "note", "notes")].join(", ");
  return [
    {
      text: `${text}.${errors + warnings > 0 ? " Each code has a page in docs/findings." : ""}`,
      shade: errors > 0 ? "error" : warnings > 0 ? "warning" : "ok",
    },
  ];
}

/**
 * What a look at a host ends in: a row for everything that was looked at, the needs in numbers, the findings. Pure. Sockets are shown as
 * counts: a list of a hundred thousand helps nobody.
 */
import type { Finding } from "@holdfast/path";
import type { Known } from "../facts.ts";
import { drawFindings } from "../render/findings.ts";
import { adviseHost, type HostAdvice } from "./advice.ts";
import type { HostFacts, SocketFact } from "./facts.ts";
import { judgeHost } from "./judge.ts";
import { counted, digits } from "./make.ts";
import { type SysctlName, sysctlNames } from "./sysctls.ts";
import { type HostView, keyOf, viewOf } from "./view.ts";

export interface HostReport {
  readonly rows: readonly Row[];
  readonly advice: HostAdvice;
  readonly findings: readonly Finding[];
}

/** One thing that was looked at. `why`: it is not known, because. */
export interface Row {
  readonly what: string;
  readonly value: string | null;
  readonly why: string | null;
}

export function reportHost(facts: HostFacts, connections: number | null): HostReport {
  const view = viewOf(facts, connections);
  return { rows: rowsOf(view), advice: adviseHost(view), findings: judgeHost(facts, connections) };
}

const row = <T>(what: string, fact: Known<T>, show: (value: T) => string): Row =>
  fact.known ? { what, value: show(fact.value), why: null } : { what, value: null, why: fact.why };

function rowsOf(view: HostView): Row[] {
  const { facts } = view;
  const { after } = facts;
  const sysctl = (name: SysctlName): Row => row(name, facts.sysctls[name] ?? { known: false, why: "not asked" }, (value) => value.replaceAll(/\s+/g, " "));
  return [
    row("kernel", facts.kernel, (value) => value),
    ...processRows(view),
    row("network", facts.network.likeInit, (same) => (same ? "the machine's" : "a namespace of its own: settings and counters are of that one")),
    ...(facts.network.container === null ? [] : [{ what: "container", value: facts.network.container, why: null }]),
    row("memory", facts.memory, ({ totalBytes, availableBytes }) => `${mib(availableBytes)} available of ${mib(totalBytes)}`),
    ...socketRows(view),
    row("TCP memory", facts.totals, ({ memoryBytes }) => (memoryBytes === null ? "not told" : mib(memoryBytes))),
    row("segments", after.counters, () => rateOf(view, "OutSegs", "sent", "RetransSegs", "sent again")),
    row("accept queues", after.counters, () => rateOf(view, "ListenOverflows", "overflows", "SyncookiesSent", "SYN cookies")),
    row("ends", after.counters, () => rateOf(view, "TCPTimeouts", "timeouts", "TCPAbortOnTimeout", "given up")),
    row("interfaces", after.interfaces, (all) =>
      all.map(({ name, rxErrors, txErrors, rxDropped, txDropped }) => `${name} ${rxErrors + txErrors} damaged ${rxDropped + txDropped} dropped`).join("; "),
    ),
    ...sysctlNames.map(sysctl),
  ];
}

function processRows({ facts }: HostView): Row[] {
  const { process } = facts;
  if (process === null) return [{ what: "process", value: "none was named (--pid): limits of a process are not judged", why: null }];
  const limit = process.descriptorLimit;
  return [
    row("process", process.name, (name) => `${name}, pid ${process.pid}`),
    row("descriptor limit", limit, ({ soft, hard }) => `${soft === null ? "none" : digits(soft)} soft, ${hard === null ? "none" : digits(hard)} hard`),
    row("descriptors open", process.descriptors, digits),
  ];
}

function socketRows(view: HostView): Row[] {
  const { sockets } = view.facts;
  if (!sockets.known) return [{ what: "sockets", value: null, why: sockets.why }];
  const { source, leftOut, ofProcess } = sockets.value;
  const whose =
    view.facts.process === null
      ? "of this network"
      : ofProcess?.known === true
        ? "of the process"
        : `of this network (of the process: ${ofProcess?.known === false ? ofProcess.why : "not asked"})`;
  const rows: Row[] = [
    {
      what: `sockets ${whose}`,
      value: `${statesOf(view.own)} (read from ${source === "ss" ? "ss" : "/proc/net/tcp: no ages, no round trips, no lengths of queues"})`,
      why: null,
    },
  ];
  if (leftOut > 0) rows.push({ what: "sockets left out", value: digits(leftOut), why: null });
  const waiting = view.all.filter(({ state }) => state === "TIME-WAIT");
  if (waiting.length > 0) {
    const here = waiting.filter((socket) => view.isIncoming(socket)).length;
    rows.push({ what: "TIME-WAIT", value: `${digits(here)} of connections to this host, ${digits(waiting.length - here)} of connections from it`, why: null });
  }
  for (const { local, receiveQueue, sendQueue } of view.listeners.slice(0, 20)) {
    rows.push({
      what: `listens on ${keyOf(local)}`,
      value: `${digits(receiveQueue)} wait${sendQueue === null ? "" : ` of at most ${digits(sendQueue)}`}`,
      why: null,
    });
  }
  const timers = view.own.filter(({ state, timer }) => state === "ESTAB" && timer?.kind === "keepalive").length;
  rows.push({
    what: "keep-alive timers",
    value: `on ${digits(timers)} of ${counted(view.own.filter(({ state }) => state === "ESTAB").length, "open connection")}`,
    why: null,
  });
  return rows;
}

function statesOf(sockets: readonly SocketFact[]): string {
  const counts = new Map<string, number>();
  for (const { state } of sockets) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts.size === 0
    ? "none"
    : [...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([state, count]) => `${digits(count)} ${state}`)
        .join(", ");
}

function rateOf(view: HostView, ...pairs: readonly string[]): string {
  const parts: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const counter = view.counter(pairs[i] ?? "");
    if (counter !== null) parts.push(`${digits(counter.total)} ${pairs[i + 1]} (${digits(counter.rose)} in ${view.facts.betweenMs} ms)`);
  }
  return parts.join(", ");
}

const mib = (bytes: number): string => `${digits(Math.round(bytes / 1_048_576))} MiB`;

/** As text for people. */
export function drawHost({ rows, advice, findings }: HostReport): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.map(({ what, value, why }) => `${what.padEnd(width)}  ${value ?? `unknown: ${why}`}`);
  const meanings = advice.connections === 0 ? [] : drawNeeds(advice);
  return `${[...lines, "", ...meanings].join("\n")}\n${drawFindings(findings)}`;
}

function drawNeeds({ connections, needs, memoryBytes, memoryBytesTls }: HostAdvice): string[] {
  const width = Math.max(...needs.map(({ what }) => what.length));
  return [
    `For ${counted(connections, "connection")}:`,
    ...needs.map(({ what, now, needed, fits, line }) => {
      const mark = fits === null ? "?   " : fits ? "ok  " : "LOW ";
      const shown = now === null ? "unknown" : now === Number.MAX_SAFE_INTEGER ? "no limit" : digits(now);
      return `  ${mark}${what.padEnd(width)}  ${shown}, needed ${digits(needed)}${fits === false ? `: ${line}` : ""}`;
    }),
    `  memory of idle links: about ${mib(memoryBytes)}, with TLS ${mib(memoryBytesTls)}; what the application keeps for each comes on top`,
    "",
  ];
}

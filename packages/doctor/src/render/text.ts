/**
 * The facts as text for people: one line each, what could not be measured with the reason. Pure; it knows no terminal, so what a target said is
 * still to be made safe by whoever shows it.
 */
import { formatDuration } from "@holdfast/path";
import type { Comparison } from "../compare/path.ts";
import type { ControlFact, Facts, IdleFact, Known } from "../facts.ts";
import { endOf, endWords, idleNames, movingNames, roundMs, spanOf } from "../words.ts";
import { originRows } from "./origin.ts";
import { wrap } from "./wrap.ts";

const labelWidth = 14;

const ms = (value: number): string => formatDuration(roundMs(value));
const row = (label: string, text: string): string => wrap(label.padEnd(labelWidth), text).join("\n");
const line = <T>(label: string, fact: Known<T>, say: (value: T) => string): string => row(label, fact.known ? say(fact.value) : `unknown: ${fact.why}`);

/** The whole table, ending in a line break. */
export function drawFacts(facts: Facts): string {
  const blocks = [
    headOf(facts),
    idleLines(facts.idle),
    controlLines(facts.controls),
    facts.notMeasured.flatMap(({ what, why }) => wrap("not measured: ", `${what}: ${why}`)),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function headOf(facts: Facts): string[] {
  const { connections, openMax } = facts.cost;
  return [
    ...wrap("", `${facts.url}: ${ms(facts.tookMs)}, ${connections} connections, at most ${openMax} at once`),
    "",
    line(
      "name",
      facts.name,
      ({ addresses, used, lookupMs }) => `${addresses.join(", ")} in ${ms(lookupMs)}${addresses.length > 1 ? `; all connections to ${used}` : ""}`,
    ),
    line("TCP", facts.tcp, ({ connectMs }) => `connected in ${ms(connectMs)}`),
    ...(/^(?:https|wss):/.test(facts.url) ? tlsLines(facts) : []),
    line("HTTP", facts.http, ({ status, version, http2, http3Announced }) => {
      const two = http2.known ? (http2.value ? ", HTTP/2 too" : ", no HTTP/2") : "";
      return `${status} over HTTP/${version}${two}${http3Announced ? ", HTTP/3 announced" : ""}`;
    }),
    line("keep-alive", facts.keepAlive, ({ reused, first, second, fault, announcedMs }) => {
      const setUp = [first.tcpMs === null ? "" : `TCP ${ms(first.tcpMs)}, `, first.tlsMs === null ? "" : `TLS ${ms(first.tlsMs)}, `].join("");
      const told = announcedMs === null ? "" : `; announces ${ms(announcedMs)}`;
      return reused
        ? `works: first request ${setUp}answer ${ms(first.waitMs)}; second on the same connection, set-up 0 ms, answer ${ms(second?.waitMs ?? 0)}${told}`
        : `does not work: ${fault ?? ""}`;
    }),
    ...(facts.hops.length === 0
      ? []
      : [row("hops", facts.hops.map(({ header, value, product }) => `${header}: ${value}${product === null ? "" : ` (${product})`}`).join("; "))]),
    line("WebSocket", facts.webSocket, ({ taken, status, pongMs, beatMs, url }) =>
      taken
        ? `taken at ${url}${pongMs === null ? "; a ping was not answered" : `; a ping is answered in ${ms(pongMs)}`}${beatMs === null ? "" : `; it speaks by itself every ${ms(beatMs)}`}`
        : `not taken: status ${status}`,
    ),
    line("event stream", facts.eventStream, ({ is, status, contentType, firstByteMs, signature }) =>
      is
        ? `first byte after ${firstByteMs === null ? "more than there was time" : ms(firstByteMs)}${signature.known ? `; bytes come ${signature.value === "live" ? "as they are made" : "in bursts: something holds them back"}` : ""}`
        : `none: status ${status}${contentType === null ? "" : `, ${contentType}`}`,
    ),
    line("helper", facts.helper, ({ kind, server }) => `${kind} found${typeof server["node"] === "string" ? ` (Node ${server["node"]})` : ""}`),
    ...originRows(facts.origin).map(([label, text]) => row(label, text)),
  ];
}

function tlsLines(facts: Facts): string[] {
  return [
    line("TLS", facts.tls, ({ version, cipher, alpn, handshakeMs }) => `${version}, ${cipher}, ${alpn ?? "no ALPN"}, handshake ${ms(handshakeMs)}`),
    line("certificate", facts.tls, ({ chain, nameFault, trustFault }) => {
      const [leaf] = chain;
      const days = leaf === undefined ? null : Math.floor((leaf.validToWallMs - facts.startedWallMs) / 86_400_000);
      return [leaf === undefined ? "none" : `${leaf.subject}, ${days} days left, ${chain.length} sent`, nameFault, trustFault]
        .filter((each) => each !== null)
        .join("; ");
    }),
    line("resumption", facts.resumption, ({ reconnects, resumed, sessions }) =>
      sessions === 0 ? "no session is offered" : `${resumed} of ${reconnects} reconnects`,
    ),
  ];
}

function idleLines(idle: readonly IdleFact[]): string[] {
  if (idle.length === 0) return [];
  const rows = idle.map((fact) => [
    fact.moving === "nothing" ? idleNames[fact.of] : `  ${movingNames[fact.moving]}`,
    spanOf(fact),
    endOf(fact) || "open",
    fact.by ?? "",
  ]);
  const heads = ["what sat idle", "survived", "its end", idle.some(({ by }) => by !== null) ? "by" : ""];
  return columns([idle.some(({ moving }) => moving !== "nothing") ? ["what sat idle, what moved", ...heads.slice(1)] : heads, ...rows]);
}

/** What a declared path and the measured one have to say of each other. */
export function drawComparison(rows: readonly Comparison[]): string {
  if (rows.length === 0) return "The path file and the measurement have no figure in common.\n";
  const lines = rows.flatMap(({ what, declared, measured, agrees }) =>
    wrap(agrees === null ? "not reached   " : agrees ? "agrees        " : "DIFFERS       ", `${what}: declared ${declared}; measured ${measured}`),
  );
  return `${lines.join("\n")}\n`;
}

function columns(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((cells) => (cells[i] ?? "").length)));
  return table.map((cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function controlLines(controls: readonly ControlFact[]): string[] {
  return controls.flatMap(({ of, beatMs, ageMs, ended, silentMs, announced }) => {
    const beats = `${idleNames[of]}, used every ${ms(beatMs)}`;
    if (ended === null) return wrap("control: ", `${beats}: alive after ${ms(ageMs)}`);
    return wrap("control: ", `${beats}: ${endWords[ended]} at an age of ${ms(ageMs)}, ${ms(silentMs)} after its last byte${announced ? ", as announced" : ""}`);
  });
}

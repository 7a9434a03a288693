/**
 * What both ends of the path know, as text: a line each. Pure.
 */
import { formatDuration } from "@holdfast/path";
import type { Known, OriginFacts, StreamRow } from "../facts.ts";

/** Labels with what is said beside them. */
export function originRows(origin: Known<OriginFacts>): readonly (readonly [label: string, text: string])[] {
  if (!origin.known) return [];
  const { backend, upgrade, streams, deadline } = origin.value;
  return [
    [
      "application",
      said(backend, ({ connections, reuse, httpVersions, instances }) => {
        const on = { kept: "one connection", some: `${new Set(connections).size} connections`, never: "a new connection each" }[reuse];
        return `${connections.length} requests arrive on ${on}, as HTTP/${httpVersions.join(" and ")}${instances > 1 ? `, at ${instances} processes` : ""}`;
      }),
    ],
    [
      "upgrade",
      said(upgrade, ({ taken, status, arrived, protocol }) => {
        if (taken) return protocol ? "arrives" : "arrives without its subprotocol";
        return arrived === null ? `status ${status}, not from the application` : `arrives as a plain request (status ${status})`;
      }),
    ],
    ["events", said(streams, (rows) => rows.map(streamText).join("; "))],
    [
      "slow answer",
      said(deadline, ({ atLeastMs, atMostMs, status, product }) =>
        atMostMs === null
          ? `comes after ${formatDuration(atLeastMs)}`
          : `given up after ${formatDuration(atMostMs)}${status === null ? "" : `, ${status}`}${product === null ? "" : ` in the words of ${product}`}`,
      ),
    ],
  ];
}

const said = <T>(fact: Known<T>, say: (value: T) => string): string => (fact.known ? say(fact.value) : `unknown: ${fact.why}`);

function streamText({ way, encoding, signature, stepMs }: StreamRow): string {
  const steps = signature.known && signature.value === "steps" && stepMs !== null ? ` of ${formatDuration(stepMs)}` : "";
  return `${way} ${signature.known ? signature.value : `unknown (${signature.why})`}${steps}${encoding === null ? "" : ` (${encoding})`}`;
}

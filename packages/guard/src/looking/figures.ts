/**
 * All connections of a guard in a few figures: what metrics show of now. Pure; one pass over the table.
 */
import type { ConnectionRow } from "../connection-row.ts";
import { ageBounds } from "../counters.ts";
import { Histogram } from "../histogram.ts";

export interface Group {
  readonly listener: string;
  readonly protocol: string;
  readonly phase: string;
}

export interface TableFigures {
  /** Connections, by listener, protocol and phase. */
  readonly groups: ReadonlyMap<string, { readonly group: Group; readonly count: number }>;
  /** Seconds. */
  readonly ages: Histogram;
  readonly bytesQueued: number;
}

const protocols: ReadonlySet<string> = new Set(["http/1.1", "h2", "h2c", "websocket", "tunnel"]);

/** The protocol as a label. The name of an upgrade is written by the peer, who could make a new series with each connection. */
export function protocolLabel(protocol: string): string {
  return protocols.has(protocol) ? protocol : "other";
}

export function tableFigures(rows: readonly ConnectionRow[]): TableFigures {
  const groups = new Map<string, { group: Group; count: number }>();
  const ages = new Histogram(ageBounds);
  let bytesQueued = 0;
  for (const { listener, protocol, phase, ageMs, bytesQueued: queued } of rows) {
    const label = protocolLabel(protocol);
    const key = `${listener} ${label} ${phase}`;
    const found = groups.get(key);
    if (found === undefined) groups.set(key, { group: { listener, protocol: label, phase }, count: 1 });
    else found.count++;
    ages.add(ageMs / 1_000);
    bytesQueued += queued;
  }
  return { groups, ages, bytesQueued };
}

/**
 * The table of connections for a browser: one page without script, which loads itself again. Pure. What peers and applications wrote
 * goes through `inHtml`, always.
 */
import type { ConnectionRow } from "../connection-row.ts";

export interface Totals {
  readonly open: number;
  readonly matching: number;
  readonly descriptors: { readonly open: number; readonly max: number | null };
  /** What the ends of connections tell, a sentence each. */
  readonly learned: readonly string[];
}

const refreshSeconds = 2;

const columns: Readonly<Record<string, (row: ConnectionRow) => string | number>> = {
  id: (row) => row.id,
  peer: (row) => row.peer,
  listener: (row) => row.listener,
  protocol: (row) => row.protocol,
  tls: (row) => row.tls?.version ?? "",
  phase: (row) => row.phase,
  subject: (row) => row.subject ?? "",
  "age s": (row) => seconds(row.ageMs),
  "idle s": (row) => (row.idleMs === null ? "" : seconds(row.idleMs)),
  "silent s": (row) => seconds(row.silentMs),
  "bytes in": (row) => row.bytesRead,
  "bytes out": (row) => row.bytesWritten,
  queued: (row) => row.bytesQueued,
  requests: (row) => row.requests,
};

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function inHtml(value: string | number): string {
  return String(value).replace(/[&<>"']/g, (char) => entities[char] ?? "");
}

export function tablePage(rows: readonly ConnectionRow[], { open, matching, descriptors, learned }: Totals): string {
  const head = Object.keys(columns).map((name) => `<th>${inHtml(name)}</th>`);
  const body = rows.map((row) => {
    const cells = Object.values(columns).map((draw) => `<td>${inHtml(draw(row))}</td>`);
    return `<tr>${cells.join("")}</tr>`;
  });
  const limit = descriptors.max === null ? "" : ` of ${descriptors.max}`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="${refreshSeconds}"><title>Connections</title>
<style>body{font:14px system-ui;margin:1rem}table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.15rem .6rem;text-align:left}tr:nth-child(odd) td{background:#8881}</style>
<p>${open} open, ${rows.length} of ${matching} shown; ${descriptors.open}${limit} descriptors</p>
${learned.map((title) => `<p>${inHtml(title)}</p>\n`).join("")}<table><thead><tr>${head.join("")}</tr></thead><tbody>
${body.join("\n")}
</tbody></table></html>
`;
}

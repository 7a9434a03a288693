/**
 * A run as one page without anything from elsewhere: the verdict, the waterfall, every request, what was found. Pure: a run in, HTML text out.
 */
import { formatBytes } from "../amounts.ts";
import { looks } from "./bars.ts";
import { type Exchange, phaseNames, phaseOf, type TimedRun, totalOf } from "./run.ts";
import { drawSvg, escapeXml } from "./svg.ts";
import { shortMs } from "./text.ts";
import type { Verdict } from "./verdict.ts";

const style = `
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; max-width: 980px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
.verdict { border-left: 4px solid; padding: .25rem .75rem; }
.works { border-color: #1a7f5a; } .broken { border-color: #cf222e; } .unknown { border-color: #8c959f; }
svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #8884; }
.text { text-align: left; }
.reused { text-align: center; opacity: .65; }
`;

/** The page. It runs nothing and loads nothing. */
export function drawHtml(run: TimedRun, verdict: Verdict): string {
  const mood = verdict.works === null ? "unknown" : verdict.works ? "works" : "broken";
  const findings = verdict.findings.map(
    ({ code, severity, evidence, remedy }) => `<li><b>${code}</b> (${severity}): ${escapeXml(evidence)}<br>${escapeXml(remedy)}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(verdict.words)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeXml(`${run.method} ${run.url}`)}</h1>
<p class="verdict ${mood}">${escapeXml(verdict.words)}</p>
${drawSvg(run, verdict)}
<table>
<tr><th>#</th><th>connection</th>${phaseNames.map((name) => `<th>${looks[name].label}</th>`).join("")}<th>total, ms</th><th>status</th><th>bytes</th><th class="text">protocol</th></tr>
${run.exchanges.map(row).join("\n")}
</table>
${findings.length === 0 ? "" : `<ul>\n${findings.join("\n")}\n</ul>`}
</body>
</html>
`;
}

function row({ number, result }: Exchange): string {
  if (!result.ok) return `<tr><td>${number}</td><td class="text" colspan="11">${escapeXml(`${result.code}: ${result.message}`)}</td></tr>`;
  const { phases, connection, reused, protocol, tls } = result.trace;
  const cell = (name: (typeof phaseNames)[number]): string => `<td>${shortMs(phaseOf(phases, name))}</td>`;
  const setUp = reused ? `<td class="reused" colspan="3">reused, 0 ms</td>` : (["dns", "tcp", "tls"] as const).map(cell).join("");
  const spoken = [protocol, ...(tls === null ? [] : [`${tls.version}${tls.resumed ? " resumed" : ""}`])].join(", ");
  return `<tr><td>${number}</td><td>${connection}</td>${cell("queue")}${setUp}${cell("wait")}${cell("body")}<td>${shortMs(totalOf(phases))}</td><td>${result.status}</td><td>${formatBytes(result.bytes)}</td><td class="text">${escapeXml(spoken)}</td></tr>`;
}

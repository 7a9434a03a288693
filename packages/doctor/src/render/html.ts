/**
 * A whole examination as one page that needs nothing else: the findings, root cause first; the ladder with what was measured, where a path was
 * declared; the measured timers; what differs; the facts. Pure. Nothing in it is fetched or run, and all that a target said is text.
 */
import { countFindings, type Finding, type OrderedFinding, orderFindings } from "@holdfast/path";
import { xml } from "@holdfast/path/draw";
import type { Comparison } from "../compare/path.ts";
import type { Facts } from "../facts.ts";
import { countsOf } from "./findings.ts";
import { outlook } from "./outlook.ts";
import { drawFacts } from "./text.ts";
import { drawTimers } from "./timers.ts";

export interface Report {
  readonly facts: Facts;
  /** When it began, as people write it. */
  readonly startedAt: string;
  readonly findings: readonly Finding[];
  /** Null without a path file. */
  readonly comparison: readonly Comparison[] | null;
  /** The ladder of the declared path, as SVG; null without a path file. */
  readonly ladder: string | null;
}

/** The page. */
export function drawReport({ facts, startedAt, findings, comparison, ladder }: Report): string {
  const ordered = orderFindings(findings);
  const { error, warning, info } = countFindings(ordered);
  const verdict = findings.length === 0 ? "Nothing found" : countsOf(error, warning, info);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${xml(`The way to ${facts.url}: ${verdict}`)}</title>
<style>${style}</style>
</head>
<body>
<h1>The way to <code>${xml(facts.url)}</code></h1>
<p class="faint">${xml(`${startedAt}; ${Math.round(facts.tookMs / 1_000)} s, ${facts.cost.connections} connections`)}</p>
<h2>${xml(verdict)}</h2>
${ordered.map((each) => findingBlock(each)).join("\n")}
${outlook(facts)
  .map((line) => `<p>${marked(line)}</p>`)
  .join("\n")}
${section("For how long silence is survived", drawTimers(facts.idle))}
${comparison === null ? "" : section("The path file and the path", comparisonTable(comparison))}
${ladder === null ? "" : section("The declared path", ladder.replace(/^<\?xml[^>]*>\s*/, ""))}
${section("What was measured", `<pre>${xml(drawFacts(facts))}</pre>`)}
<details><summary>All facts as JSON</summary><pre>${xml(JSON.stringify(facts, null, 1))}</pre></details>
</body>
</html>
`;
}

const section = (title: string, body: string): string => (body === "" ? "" : `<section><h2>${xml(title)}</h2>\n${body}</section>`);

function findingBlock({ finding, symptoms }: OrderedFinding): string {
  const { severity, code, title, hop, evidence, advice } = finding;
  const list = (items: readonly string[]): string => (items.length === 0 ? "" : `<ul>${items.map((item) => `<li>${marked(item)}</li>`).join("")}</ul>`);
  return `<article class="${severity}">
<h3>${marked(title)}</h3>
<p class="faint">${severity} <code>${xml(code)}</code>${hop === null ? "" : `, blamed on ${xml(hop)}`}</p>
${advice.length === 0 ? "" : `<h4>What to do</h4>${list(advice)}`}
${evidence.length === 0 ? "" : `<h4>What was seen</h4>${list(evidence)}`}
${symptoms.length === 0 ? "" : `<h4>What follows from it</h4>${symptoms.map((each) => findingBlock(each)).join("\n")}`}
</article>`;
}

/** Words between backquotes as code. */
const marked = (text: string): string => xml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");

function comparisonTable(rows: readonly Comparison[]): string {
  if (rows.length === 0) return "<p>The path file and the measurement have no figure in common.</p>";
  const cells = rows.map(
    ({ what, declared, measured, agrees }) =>
      `<tr class="${agrees === false ? "error" : ""}"><td>${marked(what)}</td><td>${marked(declared)}</td><td>${marked(measured)}</td><td>${agrees === null ? "not reached" : agrees ? "agrees" : "differs"}</td></tr>`,
  );
  return `<table><thead><tr><th></th><th>declared</th><th>measured</th><th></th></tr></thead><tbody>${cells.join("\n")}</tbody></table>`;
}

const style = `
:root { --back: #ffffff; --text: #1f2328; --faint: #57606a; --line: #d8dee4; --error: #cf222e; --warning: #9a6700; --info: #57606a; --bar: #0969da; --end: #bc4c00; color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --faint: #9198a1; --line: #2a3038; --error: #ff7b72; --warning: #d29922; --info: #9198a1; --bar: #58a6ff; --end: #f0883e } }
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 980px; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.15rem; margin-top: 2rem } h3 { font-size: 1rem; margin: 0 } h4 { font-size: .85rem; margin: .6rem 0 .2rem; color: var(--faint) }
.faint { color: var(--faint) } p.faint { margin: .2rem 0 } ul { margin: .2rem 0; padding-left: 1.2rem }
article { border-left: 4px solid var(--line); padding: .4rem .9rem; margin: .8rem 0 } article.error { border-color: var(--error) } article.warning { border-color: var(--warning) }
code, pre { font: .86em ui-monospace, monospace } pre { overflow-x: auto } table { border-collapse: collapse } td, th { border-bottom: 1px solid var(--line); padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top }
tr.error td:last-child { color: var(--error); font-weight: 600 } section > svg { width: 100%; height: auto }
svg[aria-label] text { fill: var(--text); font-size: 12px } svg[aria-label] text.faint { fill: var(--faint) } svg[aria-label] .head { font-weight: 600 }
.bar.still { fill: var(--bar) } .bar.moved { fill: var(--bar); opacity: .4 } .end { stroke: var(--end); stroke-width: 3 } .grid { stroke: var(--line) } .hatch { stroke: var(--faint) }
`;

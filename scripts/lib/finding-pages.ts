/**
 * The pages of docs/findings, drawn from the catalogue of findings: one a code, and an index by area. Pure: nobody edits them there.
 */

/** A row of the catalogue, as packages/path exports it. */
interface FindingDoc {
  readonly title: string;
  readonly severity: string;
  readonly symptom: string;
  readonly why: string;
  readonly fix: string;
  readonly guards: string;
  readonly sources: readonly string[];
  readonly dependsOn?: readonly string[];
}

export interface FindingArea {
  readonly title: string;
  readonly docs: Readonly<Record<string, FindingDoc>>;
}

export const findingsFolder = "docs/findings";

const cell = (text: string): string => text.replaceAll("|", "\\|");
/** As people are told; JSON says info. */
const spoken = (severity: string): string => (severity === "info" ? "note" : severity);
/** A finding's text with the other findings that it names, and pages of docs, as links. */
const linked = (text: string, codes: ReadonlySet<string>): string =>
  text.replaceAll(/`([a-z0-9_]+)`/g, (whole, code: string) => (codes.has(code) ? `[${whole}](${code}.md)` : whole));
const sourceOf = (source: string): string => source.replace(/^docs\/([\w/-]+\.md)$/, "[docs/$1](../$1)");
const toPages = (codes: readonly string[]): string => codes.map((code) => `[\`${code}\`](${code}.md)`).join(", ");

/** Every page by its path. */
export function drawFindingPages(areas: readonly FindingArea[]): Map<string, string> {
  const rows = areas.flatMap(({ title, docs }) => Object.entries(docs).map(([code, doc]) => ({ area: title, code, doc })));
  const codes = new Set(rows.map(({ code }) => code));
  const pages = new Map([[`${findingsFolder}/README.md`, drawIndex(areas)]]);
  for (const { area, code, doc } of rows) {
    const symptoms = rows.filter((each) => each.doc.dependsOn?.includes(code)).map((each) => each.code);
    pages.set(`${findingsFolder}/${code}.md`, drawPage(area, code, doc, symptoms, new Set([...codes].filter((each) => each !== code))));
  }
  return pages;
}

function drawPage(area: string, code: string, doc: FindingDoc, symptoms: readonly string[], others: ReadonlySet<string>): string {
  const { title, severity, symptom, why, fix, guards, sources, dependsOn = [] } = doc;
  const relations = [
    ...(dependsOn.length === 0 ? [] : [`Shown beneath its cause where that is found too: ${toPages(dependsOn)}.`]),
    ...(symptoms.length === 0 ? [] : [`May be the cause of ${toPages(symptoms)}.`]),
  ];
  return `${[
    `# ${code}`,
    `${title}. Severity: ${spoken(severity)}. [${area}](README.md).`,
    ...relations,
    `## What you see\n\n${linked(symptom, others)}`,
    `## Why\n\n${linked(why, others)}`,
    `## What to do\n\n${linked(fix, others)}`,
    ...(guards === "" ? [] : [`## When it is not reported\n\n${linked(guards, others)}`]),
    `## Sources\n\n${sources.map((source) => `- ${sourceOf(source)}`).join("\n")}`,
  ].join("\n\n")}\n`;
}

function drawIndex(areas: readonly FindingArea[]): string {
  const parts = areas.map(({ title, docs }) => {
    const rows = Object.entries(docs).map(([code, doc]) => `| [\`${code}\`](${code}.md) | ${spoken(doc.severity)} | ${cell(doc.title)} |`);
    return `## ${title}\n\n| Code | Severity | What |\n| --- | --- | --- |\n${rows.join("\n")}`;
  });
  const intro =
    "Everything that lint, the plan of a path and the doctor can report. The pages are made from the code by `npm run docs -- --write`; a severity is the\nheaviest that the code has: a case may weigh less. A note is `info` in JSON.";
  return `${["# Findings", intro, ...parts].join("\n\n")}\n`;
}

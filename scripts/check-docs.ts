/**
 * Keeps documentation true: tables and the pages of findings are as the code says, commands that pages name exist, and relative
 * links and anchors lead somewhere. `--write` puts tables and these pages right; it changes nothing else.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { drawTable, placeTable, type Row, type TableSource, tables } from "./lib/doc-tables.ts";
import { projectFiles, readJson, readText, repositoryRoot } from "./lib/files.ts";
import { drawFindingPages, type FindingArea, findingsFolder } from "./lib/finding-pages.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";
import { type Page, parsePage } from "./lib/markdown.ts";

/** Puts a page's new text in place, or takes the page away. */
export type Write = (page: string, text: string | null) => void;

/** Compares one table with the code, or writes it; what cannot be compared is a finding that says which file is missing. */
export async function checkTable(root: string, source: TableSource, write: Write | null): Promise<Finding[]> {
  const { page, module, table } = source;
  const finding = (message: string, line = 0): Finding[] => [{ file: page, line, rule: "table", message: `table ${table}: ${message}` }];
  if (!existsSync(join(root, module))) return finding(`${module} does not exist`);
  if (!existsSync(join(root, page))) return finding("the page does not exist");
  let rows: Readonly<Record<string, Row>> | undefined;
  try {
    rows = (await import(pathToFileURL(join(root, module)).href))[source.export];
  } catch (error) {
    return finding(`${module} cannot be loaded: ${error instanceof Error ? error.message : error}`);
  }
  if (rows === undefined) return finding(`${module} does not export ${source.export}`);
  const before = readText(root, page);
  const after = placeTable(before, table, drawTable(source, rows));
  if (after === null) return finding(`no <!-- table:${table} --> ... <!-- /table --> in the page`);
  if (after === before) return [];
  if (write !== null) {
    write(page, after);
    return [];
  }
  const { line, was, is } = firstDifference(before, after);
  return finding(`differs from ${module}; \`npm run docs -- --write\` puts it right\n  page: ${was}\n  code: ${is}`, line);
}

function firstDifference(before: string, after: string): { line: number; was: string; is: string } {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const i = now.findIndex((row, at) => row !== old[at]);
  const at = i < 0 ? now.length : i;
  return { line: at + 1, was: old[at] ?? "(nothing)", is: now[at] ?? "(nothing)" };
}

/** Holds the pages of findings against the catalogue, or writes them; a page without a code is a finding too. */
export function checkFindingPages(root: string, areas: readonly FindingArea[], write: Write | null): Finding[] {
  const pages = drawFindingPages(areas);
  const present = projectFiles(root).filter((file) => file.startsWith(`${findingsFolder}/`));
  const faults = [
    ...[...pages]
      .filter(([page]) => !present.includes(page) || readText(root, page) !== pages.get(page))
      .map(([page, text]) => ({ page, text, message: present.includes(page) ? "differs from the catalogue" : "is missing" })),
    ...present.filter((page) => !pages.has(page)).map((page) => ({ page, text: null, message: "has no code in the catalogue" })),
  ];
  if (write !== null) for (const { page, text } of faults) write(page, text);
  const line = "; `npm run docs -- --write` puts it right";
  return write === null ? faults.map(({ page, message }) => ({ file: page, line: 0, rule: "finding-page", message: `${message}${line}` })) : [];
}

/** Commands and links of every Markdown page. */
export function checkPages(root: string): Finding[] {
  const files = projectFiles(root);
  const pages = new Map(files.filter((file) => file.endsWith(".md")).map((file) => [file, parsePage(readText(root, file))]));
  const scripts = new Set(Object.keys(readJson<{ scripts?: object }>(root, "package.json").scripts ?? {}));
  const commands = new Set(files.filter((file) => /^packages\/cli\/src\/commands\/[^/]+\.ts$/.test(file)).map((file) => basename(file, ".ts")));
  const paths = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
  return [...pages].flatMap(([file, page]) => [
    ...commandFaults(page, scripts, commands).map((fault) => ({ file, ...fault })),
    ...linkFaults(file, pages, paths).map((fault) => ({ file, ...fault })),
  ]);
}

type Fault = Omit<Finding, "file">;

function commandFaults(page: Page, scripts: ReadonlySet<string>, commands: ReadonlySet<string>): Fault[] {
  return page.code.flatMap(({ line, text }) => {
    const unknownScripts = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
      .map((match) => match[1] ?? match[2] ?? "")
      .filter((name) => !scripts.has(name))
      .map((name) => ({ line, rule: "npm-script", message: `package.json has no script ${name}` }));
    const unknownCommands = [...text.matchAll(/(?<![\w@/.-])holdfast ([a-z][\w-]*)/g)]
      .map((match) => match[1] ?? "")
      .filter((name) => !commands.has(name))
      .map((name) => ({ line, rule: "command", message: `packages/cli/src/commands has no ${name}.ts` }));
    return [...unknownScripts, ...unknownCommands];
  });
}

function linkFaults(file: string, pages: ReadonlyMap<string, Page>, paths: ReadonlySet<string>): Fault[] {
  return (pages.get(file)?.links ?? []).flatMap(({ line, text }) => {
    if (/^[a-z][a-z+.-]*:/i.test(text)) return [];
    const [path = "", anchor] = text.split("#", 2);
    const target = path === "" ? file : posix.normalize(posix.join(posix.dirname(file), decodeURIComponent(path))).replace(/\/$/, "");
    if (!paths.has(target)) return [{ line, rule: "link", message: `${text} leads nowhere: no ${target}` }];
    const lacksAnchor = anchor !== undefined && pages.has(target) && !pages.get(target)?.anchors.has(anchor);
    return lacksAnchor ? [{ line, rule: "anchor", message: `${target} has no heading #${anchor}` }] : [];
  });
}

function foldersOf(file: string): string[] {
  const folder = posix.dirname(file);
  return folder === "." ? ["."] : [folder, ...foldersOf(folder)];
}

if (isProgram(import.meta.filename)) {
  const put: Write = (page, text) => {
    const path = join(repositoryRoot, page);
    if (text === null) rmSync(path);
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    console.log(`${page} ${text === null ? "removed" : "written"}`);
  };
  const write = process.argv.includes("--write") ? put : null;
  const findings: Finding[] = [];
  // One after the other, because several tables stand in one page.
  for (const source of tables) findings.push(...(await checkTable(repositoryRoot, source, write)));
  const { findingAreas } = await import(pathToFileURL(join(repositoryRoot, "packages/path/src/findings/index.ts")).href);
  findings.push(...checkFindingPages(repositoryRoot, findingAreas, write));
  report("docs", `${tables.length} tables`, [...findings, ...checkPages(repositoryRoot)]);
}

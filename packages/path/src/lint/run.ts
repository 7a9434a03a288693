/**
 * Files in, findings out: each file to its tool, the tools' readings together to the links between them, and all of it in the order in which it
 * is read. Pure.
 */
import type { DeclaredPath } from "../declared.ts";
import type { Finding } from "../finding.ts";
import { type OrderedFinding, orderFindings } from "../findings/order.ts";
import { findProduct } from "../hops/index.ts";
import { linkFindings, type ReadTool } from "./link.ts";
import { limitsNginx, unitFindings } from "./systemd/across.ts";
import type { JudgedBy, LintAsk, SourceFile, Tool, ToolId } from "./tool.ts";

export interface LintOptions {
  /** Every file is this tool's. Null: each is asked for. */
  readonly as: ToolId | null;
  readonly versions: LintAsk["versions"];
  /** The path that the files are parts of, as far as it was declared. */
  readonly path: DeclaredPath | null;
}

/** `of`: the tool whose file includes it; such a file is not asked for. */
export interface LintFile extends SourceFile {
  readonly of?: ToolId;
}

export interface ToolSummary {
  readonly tool: ToolId;
  readonly files: readonly string[];
  readonly rules: number;
  readonly version: JudgedBy | null;
}

export interface LintResult {
  readonly tools: readonly ToolSummary[];
  readonly findings: readonly OrderedFinding[];
  /** Files of no tool; nothing was looked for in them. */
  readonly unknown: readonly string[];
  /** Pairs of routes that were held against each other. */
  readonly links: number;
}

/** What is said of a receiver whose sender is not known. Where it is, the ladder has judged the pair. */
const guesses = new Set(["node_keep_alive_short"]);

/** The tool of that id, or the first that recognises the file; null where none does. */
export function toolFor(tools: readonly Tool[], file: SourceFile, as: ToolId | null): Tool | null {
  return tools.find((tool) => (as === null ? tool.recognises(file) : tool.id === as)) ?? null;
}

export function lintWith(tools: readonly Tool[], files: readonly LintFile[], { as, versions, path }: LintOptions): LintResult {
  const mine = new Map<Tool, SourceFile[]>();
  const unknown: string[] = [];
  for (const file of files) {
    const tool = toolFor(tools, file, as ?? file.of ?? null);
    if (tool === null) unknown.push(file.file);
    else mine.set(tool, [...(mine.get(tool) ?? []), file]);
  }
  const beats = beatsOf(mine, path);
  const read = [...mine].map(([tool, own]): ReadTool => ({ tool, files: own, reading: tool.read(own, { versions, behind: behindOf(tool.id, path), beats }) }));
  const linked = linkFindings(read, path);
  const own = read
    .flatMap(({ reading }) => reading.findings)
    .filter(({ code, place }) => !(guesses.has(code) && linked.received.has(place?.file ?? "")))
    .filter(({ code, severity }) => !(code === "nginx_nofile_low" && severity === "info" && limitsNginx(read)));
  const findings: Finding[] = [...own, ...linked.findings, ...unitFindings(read)];
  return {
    tools: read.map(({ tool, files: own, reading }) => ({ tool: tool.id, files: own.map(({ file }) => file), rules: reading.rules, version: reading.version })),
    findings: orderFindings(findings),
    unknown,
    links: linked.links,
  };
}

/** What the path says counts for every stream; what a file of options says, for its WebSockets. */
function beatsOf(mine: ReadonlyMap<Tool, readonly SourceFile[]>, path: DeclaredPath | null): NonNullable<LintAsk["beats"]> {
  const declared = path?.streams?.heartbeatMs;
  if (declared !== undefined) return { websocket: declared, "event-stream": declared };
  const told = [...mine].flatMap(([tool, files]) => tool.heartbeatMs?.(files) ?? []);
  return told.length === 0 ? {} : { websocket: Math.max(...told) };
}

/** The product in front of a tool's hop, where the path has both. */
function behindOf(tool: ToolId, path: DeclaredPath | null): string | null {
  const at = path?.hops.findIndex(({ product }) => (findProduct(product)?.id ?? product) === tool) ?? -1;
  return at < 1 ? null : (path?.hops[at - 1]?.product ?? null);
}

/**
 * Lint: reads configurations of tools and says what in them breaks connections. The list of tools; a new one is a folder beside this file and a
 * name in the list. Pure: it is given texts, and finds and opens no file.
 */
import { caddyTool } from "./caddy/index.ts";
import { haproxyTool } from "./haproxy/index.ts";
import { nginxTool } from "./nginx/index.ts";
import { nodeTool } from "./node/index.ts";
import { type LintFile, type LintOptions, type LintResult, lintWith, toolFor } from "./run.ts";
import { sysctlTool } from "./sysctl/index.ts";
import { systemdTool } from "./systemd/index.ts";
import type { SourceFile, Tool, ToolId } from "./tool.ts";

export { folderOf, isGlob, joinPath, matchesGlob } from "./paths.ts";
export type { LintFile, LintOptions, LintResult, ToolSummary } from "./run.ts";
export type { JudgedBy, LintAsk, Route, SourceFile, Tool, ToolId, ToolReading } from "./tool.ts";

/** In the order in which they are asked whether a file is theirs. */
export const tools: readonly Tool[] = [nginxTool, haproxyTool, caddyTool, nodeTool, sysctlTool, systemdTool];

/** The tool of that id, or the first that recognises the file; null where none does. */
export const toolOf = (file: SourceFile, as: ToolId | null): Tool | null => toolFor(tools, file, as);

export const lintFiles = (files: readonly LintFile[], options: LintOptions): LintResult => lintWith(tools, files, options);

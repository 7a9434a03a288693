/**
 * Reads what `holdfast lint` was given: files, folders, standard input, and what these include. Bounded by lint/limits.ts; whatever is left out is
 * told. It never follows a folder's symbolic link, and never writes.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isGlob, joinPath, type LintFile, matchesGlob, type ToolId, toolOf } from "@holdfast/path/lint";
import { lintLimits } from "../limits.ts";

export const stdinName = "<stdin>";

export interface Gathered {
  readonly files: readonly LintFile[];
  /** Sentences about what was left out. */
  readonly notices: readonly string[];
}

/** A name that can not be read ends the run: a typing error must not look like a clean configuration. */
export class UnreadableError extends Error {}

/** Names in a folder that may be a configuration; named on the command line, a file may be called anything. */
const likely = /(^|\/)[^./]+$|\.(conf|cfg|nginx|vhost|caddyfile|json|service|socket|timer)$/i;
const skipped = new Set(["node_modules", ".git"]);

export async function gather(operands: readonly string[], as: ToolId | null, stdin: () => Promise<string>): Promise<Gathered> {
  const reader = new Reader(as);
  for (const operand of operands) {
    if (operand === "-") reader.add({ file: stdinName, text: await stdin() }, stdinName);
    else reader.operand(operand);
  }
  return { files: reader.files, notices: reader.notices };
}

class Reader {
  readonly files: LintFile[] = [];
  readonly notices: string[] = [];
  readonly #as: ToolId | null;
  readonly #seen = new Set<string>();
  #bytes = 0;
  #entries = 0;

  constructor(as: ToolId | null) {
    this.#as = as;
  }

  operand(name: string): void {
    const stat = statSync(name, { throwIfNoEntry: false });
    if (stat === undefined) throw new UnreadableError(`${name}: there is no such file or folder`);
    if (stat.isDirectory()) this.#folder(name, 0);
    else this.#file(name, name, null);
  }

  /** A file with all that it includes. `root` is the file from which names in it count. */
  add(source: LintFile, root: string): void {
    const tool = toolOf(source, this.#as ?? source.of ?? null);
    const [first, ...others] = tool?.split?.(source) ?? [source];
    if (tool !== null && others.length > 0) {
      // A dump has all that it includes; what lies on this disk may be something else.
      this.files.push(...[first ?? source, ...others].map((part) => ({ ...part, of: tool.id })));
      return;
    }
    this.files.push({ ...source, ...first });
    for (const pattern of tool?.includes?.(source, root) ?? []) {
      for (const name of isGlob(pattern) ? this.#glob(pattern) : [pattern]) this.#file(name, root, tool?.id ?? null);
    }
  }

  /** `of`: the tool that includes it; null for a file that was named. */
  #file(name: string, root: string, of: ToolId | null): void {
    const key = joinPath("", name);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (this.files.length >= lintLimits.lintFilesMax.value) return this.#tell("lintFilesMax");
    const text = this.#text(name, of === null);
    if (text !== null) this.add({ file: key, text, ...(of === null ? {} : { of }) }, of === null ? key : root);
  }

  #folder(folder: string, depth: number): void {
    if (depth > lintLimits.lintDepthMax.value) return this.#tell("lintDepthMax");
    for (const entry of this.#list(folder)) {
      const name = joinPath(folder, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) this.#folder(name, depth + 1);
      } else if (likely.test(name) && !this.#seen.has(name)) {
        const text = this.#text(name, false);
        if (text === null || toolOf({ file: name, text }, null) === null) continue;
        this.#seen.add(name);
        if (this.files.length >= lintLimits.lintFilesMax.value) return this.#tell("lintFilesMax");
        this.add({ file: name, text }, name);
      }
    }
  }

  #glob(pattern: string): string[] {
    const parts = pattern.split("/");
    const firstGlob = parts.findIndex((part) => isGlob(part));
    let found = [parts.slice(0, firstGlob).join("/") || (pattern.startsWith("/") ? "/" : "")];
    for (const part of parts.slice(firstGlob)) {
      found = found.flatMap((folder) =>
        isGlob(part)
          ? this.#list(folder)
              .map(({ name }) => joinPath(folder, name))
              .filter((name) => matchesGlob(joinPath(folder, part), name))
          : [joinPath(folder, part)],
      );
    }
    return found.sort();
  }

  #list(folder: string): ReturnType<typeof entriesOf> {
    const entries = entriesOf(folder === "" ? "." : folder);
    this.#entries += entries.length;
    if (this.#entries <= lintLimits.lintEntriesMax.value) return entries;
    this.#tell("lintEntriesMax");
    return [];
  }

  /** Null for what is no text, is not there, or is beyond a limit; a file that was named and can not be read is an error. */
  #text(name: string, isNamed: boolean): string | null {
    let bytes: Buffer;
    try {
      const file = openSync(name, "r");
      try {
        const { size } = fstatSync(file);
        if (!fstatSync(file).isFile() && !isNamed) return null;
        if (size > lintLimits.lintFileBytesMax.value) return this.#skip(name, "lintFileBytesMax");
        if (this.#bytes + size > lintLimits.lintBytesMax.value) return this.#skip(name, "lintBytesMax");
        bytes = readFileSync(file);
      } finally {
        closeSync(file);
      }
    } catch (thrown) {
      if (isNamed) throw new UnreadableError((thrown as Error).message);
      return null;
    }
    this.#bytes += bytes.length;
    return bytes.includes(0) ? null : bytes.toString("utf8");
  }

  #skip(name: string, limit: keyof typeof lintLimits): null {
    this.notices.push(`${name} was not read: ${limit} is ${lintLimits[limit].value} ${lintLimits[limit].unit}`);
    return null;
  }

  #tell(limit: keyof typeof lintLimits): void {
    const notice = `not everything was read: ${limit} is ${lintLimits[limit].value} ${lintLimits[limit].unit}`;
    if (!this.notices.includes(notice)) this.notices.push(notice);
  }
}

/** Sorted by name; empty for what is no folder. Symbolic links are neither file nor folder here, but a glob matches them. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

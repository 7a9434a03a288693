/**
 * Puts included files in the place of their `include`, as nginx does: names relative to the folder of the file that everything begins with, globs
 * in alphabetical order. Files are looked up among those that were given; each cycle and each limit ends in a fault that names the line.
 */
import type { Place } from "../../declared.ts";
import { folderOf, isGlob, joinPath, matchesGlob } from "../paths.ts";
import type { SourceFile } from "../tool.ts";
import { type Directive, type ParsedFile, parseNginx, type SyntaxFault } from "./parser.ts";

/** How deep files may include one another. */
export const includeDepthMax = 16;
/** Directives of all files of one configuration together, each include counted anew. */
export const directivesMax = 200_000;

/** Where nginx keeps its configuration when it is installed; a copy of it elsewhere still names these folders. */
const installedFolders = [
  "/etc/nginx",
  "/usr/local/nginx/conf",
  "/usr/local/etc/nginx",
  "/opt/homebrew/etc/nginx",
  "/etc/openresty",
  "/usr/local/openresty/nginx/conf",
];

/** Files that say nothing about connections: their absence is not told. */
const harmless = /(^|\/)(mime\.types|fastcgi(_params|\.conf)|scgi_params|uwsgi_params|koi-(utf|win)|win-utf|modules-enabled\/.*|[^/]*\.types)$/;

/** What `include` may mean, the likeliest first: in a copy of an installed folder, the copy's own file. */
export function includeNames(pattern: string, root: string): string[] {
  const folder = folderOf(root);
  const installed = installedFolders.find((each) => pattern.startsWith(`${each}/`) && !root.startsWith(`${each}/`));
  const copied = installed === undefined ? [] : [joinPath(folder, pattern.slice(installed.length + 1))];
  return [...copied, joinPath(folder, pattern)];
}

/** Names of all that a file includes, wherever in it the line stands. */
export function includesOf(directives: readonly Directive[], root: string): string[] {
  return directives.flatMap(({ name, args, block }) => [
    ...(name === "include" && args[0] !== undefined ? includeNames(args[0], root) : []),
    ...(block === null ? [] : includesOf(block, root)),
  ]);
}

export interface Expanded {
  readonly directives: readonly Directive[];
  readonly faults: readonly SyntaxFault[];
  /** Includes that were not found. */
  readonly missing: readonly { readonly place: Place; readonly pattern: string }[];
  /** Names of all files that took part, the first one included. */
  readonly files: readonly string[];
}

/** Reads each file once, however often it is included. */
export class Files {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #parsed = new Map<string, ParsedFile>();

  constructor(files: readonly SourceFile[]) {
    this.#texts = new Map(files.map(({ file, text }) => [joinPath("", file), text]));
  }

  parsed(file: string): ParsedFile {
    const name = joinPath("", file);
    const known = this.#parsed.get(name) ?? parseNginx(file, this.#texts.get(name) ?? "");
    this.#parsed.set(name, known);
    return known;
  }

  /** Names that the pattern means, in nginx's order. */
  matching(pattern: string, root: string): string[] {
    for (const name of includeNames(pattern, root)) {
      const found = isGlob(name) ? [...this.#texts.keys()].filter((each) => matchesGlob(name, each)).sort() : this.#texts.has(name) ? [name] : [];
      if (found.length > 0) return found;
    }
    return [];
  }
}

/** The whole configuration that begins with `root`. */
export function expandIncludes(files: Files, root: string): Expanded {
  const [faults, missing, used]: [SyntaxFault[], { place: Place; pattern: string }[], Set<string>] = [[], [], new Set()];
  let left = directivesMax;
  const open = (file: string, chain: readonly string[]): Directive[] => {
    const { directives, faults: own } = files.parsed(file);
    if (!used.has(file)) faults.push(...own);
    used.add(file);
    return expand(directives, [...chain, file]);
  };
  const include = ({ args, place }: Directive, chain: readonly string[]): Directive[] => {
    const pattern = args[0] ?? "";
    const found = files.matching(pattern, root);
    if (found.length === 0 && !isGlob(pattern) && !harmless.test(pattern) && !pattern.includes("$")) missing.push({ place, pattern });
    return found.flatMap((file) => {
      const message = chain.includes(file)
        ? `${file} includes itself`
        : chain.length >= includeDepthMax
          ? `files include one another more than ${includeDepthMax} deep`
          : null;
      if (message !== null) faults.push({ place, message });
      return message === null ? open(file, chain) : [];
    });
  };
  const expand = (directives: readonly Directive[], chain: readonly string[]): Directive[] =>
    directives.flatMap((each) => {
      if (left-- === 0) faults.push({ place: each.place, message: `more than ${directivesMax} directives; the rest is not read` });
      if (left < 0) return [];
      if (each.name === "include") return include(each, chain);
      return [each.block === null ? each : { ...each, block: expand(each.block, chain) }];
    });
  const directives = open(joinPath("", root), []);
  return { directives, faults, missing, files: [...used] };
}

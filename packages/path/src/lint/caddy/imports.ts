/**
 * Puts snippets and files in the place of their `import`. Files are looked up among those that were given; each cycle and each limit ends in a fault.
 */
import type { Place } from "../../declared.ts";
import { folderOf, isGlob, joinPath, matchesGlob } from "../paths.ts";
import type { SourceFile } from "../tool.ts";
import { type Block, type Entry, type ParsedFile, parseCaddyfile } from "./parse.ts";
import type { Fault } from "./tokens.ts";

/** How deep imports may lead, and how many lines all of them may make. */
export const importDepthMax = 32;
export const entriesMax = 100_000;

export interface Caddyfile extends ParsedFile {
  /** Imports that lead to nothing that was given. */
  readonly missing: readonly { readonly place: Place; readonly name: string }[];
}

export const isSnippet = (key: string): boolean => /^\(.*\)$/.test(key);

/** Names of files that a file imports: every import that is no snippet's name. */
export function importedNames(source: SourceFile): string[] {
  const { blocks } = parseCaddyfile(source);
  const snippets = new Set(blocks.flatMap(({ keys }) => keys.filter(isSnippet)));
  const within = (entries: readonly Entry[]): string[] =>
    entries.flatMap(({ words: [first, name = ""], block }) => [
      ...(first === "import" && !snippets.has(`(${name})`) && /[./*]/.test(name) && !name.includes("{") ? [joinPath(folderOf(source.file), name)] : []),
      ...(block === null ? [] : within(block)),
    ]);
  return blocks.flatMap(({ entries }) => within(entries));
}

/** All files with their imports in place. Those that another one imports are not roots of their own. */
export function expandImports(files: readonly SourceFile[]): Caddyfile {
  const parsed = new Map(files.map((source) => [joinPath("", source.file), parseCaddyfile(source)]));
  const all = [...parsed.values()].flatMap(({ blocks }) => blocks);
  const snippets = new Map(all.flatMap(({ keys, entries }) => keys.filter(isSnippet).map((key) => [key.slice(1, -1), entries])));
  const [faults, missing, imported]: [Fault[], { place: Place; name: string }[], Set<string>] = [
    [...parsed.values()].flatMap((each) => each.faults),
    [],
    new Set(),
  ];
  let left = entriesMax;

  const expand = (entries: readonly Entry[], depth: number): Entry[] =>
    entries.flatMap((entry) => {
      if (left <= 0) return [];
      left = depth > importDepthMax ? 0 : left - 1;
      if (left === 0) {
        faults.push({ place: entry.place, what: "imports lead in a circle or too far; the rest is not read" });
        return [];
      }
      return entry.words[0] === "import"
        ? expand(named(entry), depth + 1)
        : [entry.block === null ? entry : { ...entry, block: expand(entry.block, depth + 1) }];
    });

  const named = ({ words, place }: Entry): Entry[] => {
    const [name = "", ...args] = words.slice(1);
    const snippet = snippets.get(name);
    if (snippet !== undefined) return snippet.map((each) => fill(each, args));
    const pattern = joinPath(folderOf(place.file), name);
    const found = [...parsed].filter(([file]) => (isGlob(pattern) ? matchesGlob(pattern, file) : file === pattern));
    for (const [file] of found) imported.add(file);
    if (found.length === 0 && !isGlob(name) && !name.includes("{")) missing.push({ place, name });
    return found.flatMap(([, { blocks }]) => blocks.flatMap(asEntries)).map((each) => fill(each, args));
  };

  const expandBlock = (block: Block): Block[] => {
    const entries = expand(block.entries, 0);
    return block.keys.length === 0 && block.entries[0]?.words[0] === "import" ? asSites(entries) : [{ ...block, entries }];
  };
  const roots = [...parsed].map(([file, { blocks }]) => ({ file, blocks: blocks.filter(({ keys }) => !keys.some(isSnippet)).flatMap(expandBlock) }));
  return { blocks: roots.filter(({ file }) => !imported.has(file)).flatMap(({ blocks }) => blocks), faults, missing };
}

/** What a file means within a site: its first line was taken for addresses. Where it has sites, their addresses lead their blocks. */
const asEntries = ({ keys, entries, place, isBraced }: Block): Entry[] => {
  if (keys.length === 0 || keys.some(isSnippet)) return keys.length === 0 ? [...entries] : [];
  return isBraced ? [{ words: keys, block: entries, place }] : [{ words: keys, block: null, place }, ...entries];
};

/** What an import at the outermost level brings: sites again. */
const asSites = (entries: readonly Entry[]): Block[] =>
  entries.filter(({ block }) => block !== null).map(({ words, block, place }) => ({ keys: words, entries: block ?? [], place, isBraced: true }));

/** Arguments of an import in the place of `{args[0]}`, and of the older `{args.0}`. */
function fill(entry: Entry, args: readonly string[]): Entry {
  if (args.length === 0) return entry;
  const words = entry.words.flatMap((word) =>
    word === "{args[:]}" ? [...args] : [word.replace(/\{args(?:\[|\.)(\d{1,3})\]?\}/g, (whole, index: string) => args[Number(index)] ?? whole)],
  );
  return { ...entry, words, block: entry.block?.map((each) => fill(each, args)) ?? null };
}

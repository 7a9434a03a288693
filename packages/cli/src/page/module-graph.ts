/**
 * Which modules a page needs, found by following imports from its first one: what is in the graph is served, and nothing else is.
 * It must never turn what a browser asks for into a path: addresses are made from files here, never files from addresses.
 */

/** One module: where a browser gets it, and what it gets. */
export interface PageModule {
  readonly address: string;
  readonly code: string;
}

export interface ModuleSource {
  /** JavaScript of the module at this URL of a file. Throws when it cannot be read. */
  read(url: string): string;
  /** The URL of the file that a package's name stands for; null for what the page may not import. */
  resolve(name: string): string | null;
  /** Where a browser gets this file; null when it is in none of the folders that may be served. */
  address(url: string): string | null;
}

export interface ModuleGraph {
  /** By address, in the order in which they were found. */
  readonly modules: ReadonlyMap<string, PageModule>;
  /** Addresses of the packages' names, for an import map. */
  readonly names: ReadonlyMap<string, string>;
}

// Types are gone by now, so an import stands at the beginning of a line and names its module in quotes.
const staticImports = /^(?:import|export)\b(?:[^"'`;=()]*?\bfrom)?\s*["']([^"']+)["']/gm;
const dynamicImports = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** The names of the modules that code imports, in order, each once. */
export function importsOf(code: string): string[] {
  return [...new Set([staticImports, dynamicImports].flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name as string)))];
}

/** Collects everything that the module at `entry` needs. Throws when a module imports what may not be served. */
export function collectModules(entry: string, source: ModuleSource): ModuleGraph {
  const modules = new Map<string, PageModule>();
  const names = new Map<string, string>();
  const waiting = [entry];
  for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
    const address = source.address(url);
    if (address === null) throw new Error(`${url} is outside the folders that may be served`);
    if (modules.has(address)) continue;
    const code = source.read(url);
    modules.set(address, { address, code });
    for (const name of importsOf(code)) {
      const isRelative = name.startsWith("./") || name.startsWith("../");
      const target = isRelative ? new URL(name, url).href : source.resolve(name);
      if (target === null) throw new Error(`${url} imports ${name}, which a page may not`);
      if (!isRelative) names.set(name, source.address(target) ?? "");
      waiting.push(target);
    }
  }
  return { modules, names };
}

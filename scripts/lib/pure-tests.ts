/**
 * Which tests are pure: those that reach no socket, process, thread, database or adapter through their imports. They are
 * quick enough to run with every check; which they are follows from the imports and is written down nowhere.
 */
import { posix } from "node:path";
import { importSpecifiers, type TypeScriptProject } from "./project.ts";

const effectModules = /^(node:)?(net|http|https|http2|tls|dgram|child_process|cluster|worker_threads|sqlite)$|^ws$/;

/** Paths of the pure tests of packages, sorted. */
export function pureTests(project: TypeScriptProject): string[] {
  const imports = new Map(project.files.map((file) => [file.path, importSpecifiers(file).map(({ text }) => text)]));
  const reachesEffect = (path: string, seen: Set<string>): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    if (path.includes("/adapters/")) return true;
    return (imports.get(path) ?? []).some((specifier) => {
      if (specifier.startsWith(".")) return reachesEffect(posix.normalize(posix.join(posix.dirname(path), specifier)), seen);
      // Of our packages only the protocol is pure as a whole.
      return effectModules.test(specifier) || (specifier.startsWith("@holdfast/") && specifier !== "@holdfast/protocol");
    });
  };
  return [...imports.keys()].filter((path) => /^packages\/[^/]+\/test\/.*\.test\.ts$/.test(path) && !reachesEffect(path, new Set())).sort();
}

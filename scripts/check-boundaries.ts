/**
 * Keeps the directions between the parts of the repository: who may import whom, by which name, and no cycles of files.
 * It judges imports of every kind (static, re-exported, dynamic, types) and the dependencies that packages declare.
 */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { findCycles } from "./lib/cycles.ts";
import { projectFiles, readJson, repositoryRoot } from "./lib/files.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";
import { importSpecifiers, lineOf, openProject, type TypeScriptProject } from "./lib/project.ts";

const all = ["protocol", "path", "guard", "pool", "client", "server", "lab", "doctor", "cli"];

/** What each part may import of ours. A part that is not listed may import nothing of ours. */
const directions: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  path: [],
  lab: [],
  client: ["protocol"],
  guard: ["protocol", "path"],
  pool: ["protocol", "path"],
  server: ["protocol", "path", "guard"],
  doctor: ["protocol", "path"],
  cli: ["client", "doctor", "guard", "lab", "path", "pool", "protocol", "server"],
  sim: ["protocol", "client", "server"],
  e2e: all,
  bench: all,
  examples: ["protocol", "path", "client", "guard", "pool", "server", "doctor"],
  scripts: [],
};

/** What tests may import beyond that: bad networks are made by the lab. */
const testDirections: Readonly<Record<string, readonly string[]>> = { client: ["lab"], guard: ["lab"], pool: ["lab"], doctor: ["lab"] };

/** The one folder outside its package that a test may reach by path: helpers that say what a test needs. */
const loadSupport = "bench/lib/";
const testSupport = "scripts/test-support/";

interface Manifest {
  readonly name?: string;
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package or a top-level folder. `manifest` is null for folders without one of their own: they use the root's. */
interface Part {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest | null;
}

/** All violations of the tree in `root`. */
export function findBoundaryFaults(root: string, project: TypeScriptProject): Finding[] {
  const manifests = new Map<string, Manifest>();
  for (const path of projectFiles(root)) {
    if (/^packages\/[^/]+\/package\.json$/.test(path)) manifests.set(posix.dirname(path), readJson<Manifest>(root, path));
  }
  const partOf = (path: string): Part => {
    const [top = "", second = ""] = path.split("/");
    const folder = top === "packages" ? `${top}/${second}` : top;
    return { name: top === "packages" ? second : top, folder, manifest: manifests.get(folder) ?? null };
  };
  const findings = [...manifests].flatMap(([folder, manifest]) => declaredFaults(folder, manifest));
  const edges = new Map<string, Map<string, number>>();
  for (const file of project.files) {
    const part = partOf(file.path);
    for (const node of importSpecifiers(file)) {
      const specifier = node.text;
      const line = lineOf(file.source, node);
      if (specifier.startsWith(".")) {
        const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
        edges.set(file.path, (edges.get(file.path) ?? new Map<string, number>()).set(target, line));
        const fault = relativeFault(file.path, part, target);
        if (fault !== null) findings.push({ file: file.path, line, ...fault });
      } else if (!isBuiltin(specifier)) {
        const fault = namedFault(file.path, part, specifier);
        if (fault !== null) findings.push({ file: file.path, line, ...fault });
      }
    }
  }
  for (const cycle of findCycles(edges)) {
    const [from = "", to = ""] = cycle;
    findings.push({ file: from, line: edges.get(from)?.get(to) ?? 0, rule: "cycle", message: `imports itself: ${[...cycle, from].join(" -> ")}` });
  }
  return findings;
}

type Fault = Pick<Finding, "rule" | "message"> | null;

function declaredFaults(folder: string, manifest: Manifest): Finding[] {
  const part = posix.basename(folder);
  const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  return Object.keys(declared).flatMap((name) => {
    const fault = directionFault(part, name);
    return fault === null ? [] : [{ file: `${folder}/package.json`, line: 0, ...fault }];
  });
}

function directionFault(part: string, packageName: string): Fault {
  if (!packageName.startsWith("@holdfast/")) return null;
  const target = packageName.slice("@holdfast/".length);
  if (target === part || directions[part]?.includes(target)) return null;
  const may = directions[part]?.join(", ") || "nothing of ours";
  return { rule: "direction", message: `${part} must not depend on ${packageName}; it may depend on ${may}` };
}

function relativeFault(path: string, part: Part, target: string): Fault {
  if (target.startsWith(`${part.folder}/`)) {
    const intoTests = path.startsWith(`${part.folder}/src/`) && target.startsWith(`${part.folder}/test/`);
    return intoTests ? { rule: "source-and-test", message: `a source imports a test: ${target}` } : null;
  }
  const isTest = !path.startsWith("packages/") || path.startsWith(`${part.folder}/test/`);
  if (isTest && target.startsWith(testSupport)) return null;
  // Load generators are written once: whole-process tests and benchmarks share them.
  if (part.folder === "e2e" && target.startsWith(loadSupport)) return null;
  return { rule: "relative", message: `leaves ${part.folder}/ for ${target}; import the package by its name` };
}

function namedFault(path: string, part: Part, specifier: string): Fault {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const isInTests = path.startsWith(`${part.folder}/test/`);
  if (isInTests && testDirections[part.name]?.some((each) => name === `@holdfast/${each}`)) return null;
  const direction = directionFault(part.name, name);
  if (direction !== null) return direction;
  // Folders without a manifest, and tests, may use what the root installs for development.
  if (part.manifest === null || name === part.manifest.name) return null;
  const { dependencies, devDependencies, peerDependencies } = part.manifest;
  if (isInTests && !name.startsWith("@holdfast/")) return null;
  const declared = { ...dependencies, ...peerDependencies, ...(isInTests ? devDependencies : {}), ...part.manifest.imports };
  if (name in declared) return null;
  return { rule: "declared", message: `${name} is not among the dependencies of ${part.folder}/package.json` };
}

if (isProgram(import.meta.filename)) {
  using project = openProject(repositoryRoot);
  report("boundaries", `${project.files.length} files`, findBoundaryFaults(repositoryRoot, project));
}

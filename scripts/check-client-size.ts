/**
 * Keeps the browser client small: what `import { connect } from "@holdfast/client"` costs, bundled, minified and gzipped, with every
 * transport in it. Fails above the budget, and names the modules by size. Nothing of the bundle is written anywhere.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { repositoryRoot } from "./lib/files.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";

/** What the client may cost, in bytes of gzip -9. */
export const budgetBytes = 7_168;

/** What it may cost until the budget is reached. It is only ever lowered. */
export const interimBytes = 13_531;

/** A bundle's size, and what each module adds to it before gzip. */
export interface ClientSize {
  readonly gzipBytes: number;
  readonly minifiedBytes: number;
  readonly modules: readonly { readonly path: string; readonly bytes: number }[];
}

/** Parts that a reader might think of leaving out, by their modules: what is left then shows what the rest weighs. It would not work. */
const parts: Readonly<Record<string, readonly string[]>> = {
  publishing: ["outbox", "payload"],
  "SSE, long-poll and fallback": ["request-conn", "adapters/fetch", "fallback"],
};

/** Takes the place of modules, and of what only they import: what they export is there, and empty. */
const emptied = (modules: readonly string[]): Plugin => ({
  name: "emptied",
  setup(build) {
    if (modules.length === 0) return;
    const found = new Set<string>();
    build.onLoad({ filter: new RegExp(`client/src/(${modules.join("|")})\\.ts$`) }, ({ path }) => {
      found.add(path);
      const names = [...readFileSync(path, "utf8").matchAll(/^export (?:async )?(?:class|const|function) (\w+)/gm)].map(([, name]) => name);
      return { contents: names.map((name) => `export class ${name} {}`).join("\n"), loader: "ts" };
    });
    build.onEnd(() => {
      if (found.size < modules.length) throw new Error(`of ${modules} only ${[...found]} are in the bundle`);
    });
  },
});

/** Bundles in memory as an application's bundler would: no mangling of properties, nothing left out by name but what is given. */
export async function measureClient(root: string, without: readonly string[] = []): Promise<ClientSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: 'export { connect } from "@holdfast/client";', resolveDir: `${root}/scripts` },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    conditions: ["source"],
    metafile: true,
    write: false,
    plugins: [emptied(without)],
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error("the bundler gave nothing");
  const modules = Object.entries(output.inputs)
    .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  return { gzipBytes: gzipSync(file.contents, { level: 9 }).length, minifiedBytes: file.contents.length, modules };
}

/** The violation, if the bundle is above what it may cost now. */
export function findSizeFaults({ gzipBytes }: ClientSize, mayBytes: number): Finding[] {
  if (gzipBytes <= mayBytes) return [];
  return [{ file: "packages/client/src/connect.ts", line: 0, rule: "client-size", message: `${gzipBytes} bytes gzipped; at most ${mayBytes}` }];
}

if (isProgram(import.meta.filename)) {
  const size = await measureClient(repositoryRoot);
  for (const { path, bytes } of size.modules) console.log(`${String(bytes).padStart(7)}  ${path}`);
  console.log(`${String(size.minifiedBytes).padStart(7)}  minified, ${size.gzipBytes} gzipped`);
  for (const [what, modules] of [...Object.entries(parts), ["either", Object.values(parts).flat()] as const]) {
    const { gzipBytes } = await measureClient(repositoryRoot, modules);
    console.log(`${" ".repeat(9)}without ${what} it would be ${gzipBytes} gzipped, and work no more`);
  }
  if (size.gzipBytes > budgetBytes) {
    console.log(`NOT WITHIN BUDGET: ${size.gzipBytes} of ${budgetBytes} bytes. Until it is, no more than ${interimBytes} are let pass.`);
  }
  report("client-size", `${size.modules.length} modules`, findSizeFaults(size, Math.max(budgetBytes, interimBytes)));
}

/**
 * Bundles in memory, as an application's bundler would for a page: no mangling of properties, nothing left out by name.
 */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface BundleSize {
  readonly gzipBytes: number;
  readonly minifiedBytes: number;
}

/** The size of a module of its own; its imports are resolved from `resolveDir`, under further conditions of `exports` where given. */
export async function bundleSize(contents: string, resolveDir: string, conditions?: readonly string[]): Promise<BundleSize> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    ...(conditions === undefined ? {} : { conditions: [...conditions] }),
    write: false,
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`the bundler gave nothing for ${contents}`);
  return { gzipBytes: gzipSync(file.contents, { level: 9 }).length, minifiedBytes: file.contents.length };
}

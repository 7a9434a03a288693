/**
 * Programs for pages, for tests only: bundles a TypeScript entry in memory, and serves it with its page on a free port of loopback.
 * Nothing is written to disk, and the packages' sources are taken as they are.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import { type BuildOptions, build } from "esbuild";

export interface BundleOptions {
  readonly minify?: boolean;
  /** What `process.env.NODE_ENV` is in the page. Default "development": libraries warn about misuse. */
  readonly mode?: "development" | "production";
  /** Packages to take instead of others, by name. */
  readonly alias?: Readonly<Record<string, string>>;
}

/** Bundles a program for browsers into one module of JavaScript. `entry` is a path or a `file:` URL. Rejects with what esbuild found. */
export function bundle(entry: string | URL, options: BundleOptions = {}): Promise<string> {
  return run(entry, options, { format: "esm", platform: "browser" });
}

/** Bundles a program for this process, and runs it. Returns what it exports. */
export async function bundled<Exports>(entry: string | URL, options: BundleOptions = {}): Promise<Exports> {
  const source = await run(entry, options, { format: "cjs", platform: "node" });
  const module = { exports: {} };
  compileFunction(source, ["module", "exports", "require"])(module, module.exports, createRequire(import.meta.url));
  return module.exports as Exports;
}

async function run(entry: string | URL, options: BundleOptions, target: Pick<BuildOptions, "format" | "platform">): Promise<string> {
  const { minify = false, mode = "development", alias = {} } = options;
  const result = await build({
    ...target,
    entryPoints: [entry instanceof URL || entry.startsWith("file:") ? fileURLToPath(entry) : entry],
    bundle: true,
    write: false,
    target: "es2022",
    conditions: ["source"],
    define: { "process.env.NODE_ENV": JSON.stringify(mode) },
    alias: { ...alias },
    minify,
    sourcemap: minify ? false : "inline",
    logLevel: "silent",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild gave nothing");
  return file.text;
}

/** The smallest page that runs a module. `body` stands before the script. */
export function htmlPage(script: string, body = ""): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Test</title><link rel="icon" href="data:,"></head>\n<body>${body}<script type="module" src="${script}"></script></body></html>\n`;
}

/** What is served under a path: a body, or a handler for answers that differ from request to request. */
export type Served = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);

export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash; also the origin of its pages. */
  readonly url: string;
  readonly port: number;
  /** Adds or replaces what is under a path. */
  set(path: string, served: Served): void;
  /** Ends all connections and gives the port back. Twice is once. */
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  "": "text/html; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/** Serves files from memory, by their path (`/` and `/main.js`). Anything else is 404. */
export async function serveFiles(files: Readonly<Record<string, Served>>): Promise<FileServer> {
  const served = new Map(Object.entries(files));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const file = served.get(pathname);
    if (typeof file === "function") return file(request, response);
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Content-Type", types[extname(pathname)] ?? "application/octet-stream");
    if (file === undefined) response.statusCode = 404;
    response.end(file ?? "nothing here");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closing;
  };
  return { url: `http://127.0.0.1:${port}`, port, set: (path, file) => void served.set(path, file), close, [Symbol.asyncDispose]: close };
}

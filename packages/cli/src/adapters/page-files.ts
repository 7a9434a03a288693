/**
 * The files of the page, read once and kept: its document, style and modules, with the client's and the protocol's modules that they import.
 * In a checkout these are the sources with their types taken out, in a published package the built files. It must never read anything
 * because a browser asked for it: what can be asked for is known before.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { collectModules } from "../page/module-graph.ts";

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

export interface PageFiles {
  /** By the path of the request. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** What the content security policy has to name: the inline import map. */
  readonly inlineHashes: readonly string[];
}

const modulesAt = "/page/modules";
const here = import.meta.url;
const isCheckout = here.endsWith(".ts");
const entry = new URL(isCheckout ? "../../web/main.ts" : "../web/main.js", here).href;
const asset = (name: string): Buffer => readFileSync(new URL(`../../web/${name}`, here));

/** Folders whose modules may be served, with their addresses. */
function folders(): readonly (readonly [folder: string, address: string])[] {
  const of = (name: string): string => new URL("./", import.meta.resolve(name)).href;
  return [
    [new URL("./", entry).href, `${modulesAt}/page/`],
    [of("@holdfast/client"), `${modulesAt}/client/`],
    [of("@holdfast/protocol"), `${modulesAt}/protocol/`],
  ];
}

/** The client's own names (`#...`) stand for one file in Node and for another in browsers: here for the latter. */
function inBrowsers(name: string): string | null {
  const manifest = new URL("../package.json", import.meta.resolve("@holdfast/client"));
  const { imports } = JSON.parse(readFileSync(manifest, "utf8")) as { imports: Readonly<Record<string, { source: { default: string }; default: string }>> };
  const targets = imports[name];
  return targets === undefined ? null : new URL((isCheckout ? targets.source : targets).default, manifest).href;
}

/** Reads everything. Throws when the installation is not whole. */
export function readPageFiles(): PageFiles {
  const roots = folders();
  const graph = collectModules(entry, {
    read: (url) => readModule(url),
    resolve: (name) => (/^@holdfast\/(?:client|protocol)(?:\/|$)/.test(name) ? import.meta.resolve(name) : inBrowsers(name)),
    address: (url) => {
      const root = roots.find(([folder]) => url.startsWith(folder));
      return root === undefined ? null : `${root[1]}${url.slice(root[0].length)}`;
    },
  });
  const importMap = JSON.stringify({ imports: Object.fromEntries(graph.names) });
  const first = graph.modules.keys().next().value as string;
  // Named beforehand, so that the browser fetches all at once instead of level by level.
  const preloads = [...graph.modules.keys()].map((address) => `<link rel="modulepreload" href="${address}">`);
  const scripts = [`<script type="importmap">${importMap}</script>`, ...preloads, `<script type="module" src="${first}"></script>`].join("\n    ");
  const html = asset("index.html")
    .toString("utf8")
    .replace("<!-- scripts -->", () => scripts);
  const files = new Map<string, PageFile>([
    ["/", { type: "text/html; charset=utf-8", body: Buffer.from(html) }],
    ["/page/page.css", { type: "text/css; charset=utf-8", body: asset("page.css") }],
    ["/page/icon.svg", { type: "image/svg+xml", body: asset("icon.svg") }],
  ]);
  for (const { address, code } of graph.modules.values()) files.set(address, { type: "text/javascript; charset=utf-8", body: Buffer.from(code) });
  return { files, inlineHashes: [createHash("sha256").update(importMap).digest("base64")] };
}

function readModule(url: string): string {
  const text = readFileSync(fileURLToPath(url), "utf8");
  return url.endsWith(".ts") ? withoutTypes(text) : text.replace(/^\/\/# sourceMappingURL=.*$/m, "");
}

/** Node says once that taking types out is experimental, on the terminal of a person who asked for a page. Only that is kept back. */
function withoutTypes(text: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

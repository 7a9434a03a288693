/**
 * Plants one violation of every kind, each in its own file, and one harmless twin of everything that looks like one.
 * All are judged in one run, so that the test costs one start of the compiler.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findAmbient } from "../check-ambient.ts";
import { formatFinding } from "../lib/findings.ts";
import { openProject } from "../lib/project.ts";
import { makeTree } from "../test-support/tree.ts";

const globalUses = [
  ...["Date.now()", "new Date()", "performance.now()", "Temporal", "setTimeout(() => {}, 1)", "setInterval(() => {}, 1)"],
  ...["setImmediate(() => {})", "clearTimeout(undefined)", "clearInterval(undefined)", "clearImmediate(undefined)", "queueMicrotask(() => {})"],
  ...["crypto.getRandomValues(new Uint8Array(1))", "process.env", "process.hrtime()", "console.log(1)", "navigator", "fetch('x')"],
  ...["new WebSocket('x')", "new EventSource('x')", "new WeakRef({})", "new FinalizationRegistry(() => {})", "new BroadcastChannel('x')"],
  ...["new MessageChannel()", "globalThis", "global", "require('node:fs')", "module", "eval('1')", "new Function('return 1')", "localStorage"],
  ...["PerformanceObserver", "Math.random()", "AbortSignal.timeout(1)", "Atomics.waitAsync", "new Intl.DateTimeFormat()"],
];

const disguises = {
  "shorthand property": "export const x = { performance };",
  "renamed global": "const later = setTimeout; export { later };",
  "default parameter": "export const f = (now = Date.now) => now();",
  "destructured Math": "const { random } = Math; export { random };",
  "computed member of Math": "export const x = Math['random']();",
  "Math passed on": "export const f = (m: typeof Math) => m; export const x = f(Math);",
  "base class": "export class D extends Date {}",
  "optional chain": "export const x = globalThis?.performance;",
  "template literal": "export const x = `${Date.now()}`;",
  "default export": "export default fetch;",
  "typeof guard": "export const x = typeof process === 'undefined';",
  "hidden from the compiler": "// @ts-ignore\nexport const x = XMLHttpRequest;",
  "declared by hand": "declare const Date: { now(): number }; export const x = Date.now();",
  "assertion around": "export const x = (Date as unknown as { now(): number }).now();",
};

const modules = [
  ...["fs", "fs/promises", "net", "http", "https", "http2", "dns", "dns/promises", "worker_threads", "child_process", "zlib", "tls"],
  ...["timers", "timers/promises", "os", "perf_hooks", "sqlite", "process", "module", "dgram", "readline", "path", "test", "vm", "v8"],
];

const imports = {
  ...Object.fromEntries(modules.map((name) => [`node:${name}`, `import * as x from "node:${name}"; export { x };`])),
  "without node:": 'import { readFileSync } from "fs"; export { readFileSync };',
  "side effect": 'import "node:fs";',
  "inline type only": 'import { type Stats } from "node:fs"; export type { Stats };',
  "re-export": 'export { connect } from "node:net";',
  "re-export of all": 'export * from "node:net";',
  dynamic: 'export const x = import("node:fs");',
  "dynamic, computed": "export const f = (name: string) => import(name);",
  "dynamic, template": "export const x = import(`node:fs`);",
  "randomness of node:crypto": 'import { createHash, randomBytes } from "node:crypto"; export { createHash, randomBytes };',
  "randomness, renamed": 'import { randomUUID as id } from "node:crypto"; export { id };',
  "all of node:crypto": 'import * as c from "node:crypto"; export { c };',
  "default of node:crypto": 'import c, { createHash } from "node:crypto"; export { c, createHash };',
  ws: 'import { WebSocket } from "ws"; export { WebSocket };',
};

const pureOnly = {
  Buffer: "export const x = Buffer.from('x');",
  "Buffer as a type": "export const f = (x: Buffer) => x.length;",
  "any module of Node": 'import { deepEqual } from "node:assert"; export { deepEqual };',
  "a type of Node": 'import type { Socket } from "node:net"; export type S = Socket;',
};

const harmless = {
  "local of the same name": "const performance = { now: () => 1 }; export const x = performance.now();",
  "parameter of the same name": "export const f = (process: { exit(): void }, fetch: () => void) => { process.exit(); fetch(); };",
  "member of the same name": "export const f = (env: { fetch(): void; Date: number }) => { env.fetch(); return env.Date; };",
  "member of something unknown": "export const f = (x: any) => x.process;",
  "property of the same name": "export const x = { Date: 1, process: 2, setTimeout() {} };",
  types: "export type T = typeof fetch | Date; export interface I { at: Date; timer: ReturnType<typeof setTimeout> }",
  "implemented type": "export abstract class C implements Pick<Date, 'getTime'> { abstract getTime(): number; }",
  Math: "export const x = Math.max(1, Math.floor(2.5));",
  AbortSignal: "export const f = (x: unknown) => x instanceof AbortSignal || AbortSignal.any([]);",
  "structuredClone, Buffer, TextEncoder": "export const x = [structuredClone(1), Buffer.from(''), new TextEncoder()];",
  "erased import": 'import type { Socket } from "node:net"; export type S = Socket;',
  "pure modules":
    'import assert from "node:assert/strict"; import { createHash, timingSafeEqual } from "node:crypto"; export { assert, createHash, timingSafeEqual };',
  "names in text": "// Date.now() and setTimeout\nexport const x = 'Math.random() process.exit()';",
};

function judge(sources: Readonly<Record<string, string>>): Map<string, string[]> {
  using tree = makeTree(sources);
  using project = openProject(tree.root);
  const found = new Map<string, string[]>();
  for (const finding of findAmbient(tree.root, project)) {
    found.set(finding.file, [...(found.get(finding.file) ?? []), formatFinding(finding)]);
  }
  return found;
}

/** Numbers the sources as files of one folder; the name of a case stays in its message. */
function asFiles(folder: string, cases: Readonly<Record<string, string>>): { name: string; path: string; text: string }[] {
  return Object.entries(cases).map(([name, text], i) => ({ name, path: `${folder}/case-${i}.ts`, text }));
}

const refused = [
  ...asFiles("packages/server/src/globals", Object.fromEntries(globalUses.map((use) => [use, `export const x = ${use};`]))),
  ...asFiles("packages/client/src/disguises", disguises),
  ...asFiles("sim/imports", imports),
  ...asFiles("packages/protocol/src", pureOnly),
];
const allowed = [
  ...asFiles("packages/server/src/harmless", harmless),
  ...asFiles("packages/server/src/adapters", { clock: "export const now = () => Date.now();" }),
  ...asFiles("packages/server/src/engines/sqlite/adapters", { file: 'import fs from "node:fs"; export { fs };' }),
  ...asFiles("packages/cli/src/commands", { serve: "export const x = process.argv;" }),
  ...asFiles("packages/server/test", { test: "export const x = Date.now();" }),
  ...asFiles("sim/test", { test: "export const x = Date.now();" }),
  ...asFiles("e2e", { e2e: "export const x = Date.now();" }),
];
const found = judge({
  ...Object.fromEntries([...refused, ...allowed].map(({ path, text }) => [path, text])),
  "packages/server/src/plain.js": "export const x = 1;\n",
});

describe("ambient effects", () => {
  for (const { name, path } of refused) {
    test(`refuses ${name} in ${path}`, () => assert.ok((found.get(path)?.length ?? 0) > 0));
  }
  for (const { name, path } of allowed) {
    test(`allows ${name} in ${path}`, () => assert.deepEqual(found.get(path), undefined));
  }
  test("refuses a source that the compiler does not read", () => {
    assert.match(found.get("packages/server/src/plain.js")?.[0] ?? "", /not part of the TypeScript project/);
  });
  test("names the line", () => {
    assert.match(found.get("packages/client/src/disguises/case-11.ts")?.[0] ?? "", /case-11\.ts:2: \[ambient\] uses the global XMLHttpRequest/);
  });
});

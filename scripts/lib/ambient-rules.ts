/**
 * What may be reached only through `Env` or an adapter, as data: globals, members of globals, and modules.
 * Lists of what is allowed are used where the forbidden could grow unnoticed (modules of Node, names of node:crypto).
 */

/** Globals that are a clock, randomness, input or output, a handle on all globals, or a way to write code that hides one. */
export const forbiddenGlobals: ReadonlySet<string> = new Set([
  ...["Date", "performance", "Performance", "PerformanceObserver", "Temporal"],
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate", "queueMicrotask"],
  ...["crypto", "Crypto", "SubtleCrypto"],
  ...["process", "console", "navigator", "localStorage", "sessionStorage", "require", "module", "gc"],
  ...["fetch", "Request", "WebSocket", "EventSource", "XMLHttpRequest", "BroadcastChannel", "MessageChannel", "Worker"],
  ...["WeakRef", "FinalizationRegistry"],
  ...["globalThis", "global", "self", "window", "root", "eval", "Function"],
]);

/**
 * Globals of which only some members are forbidden. They may be used as `Name.member` and after `instanceof`; any other
 * use (taking apart, passing on, computed members) could reach the forbidden member and is refused too.
 */
export const forbiddenMembers: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["Math", new Set(["random"])],
  ["AbortSignal", new Set(["timeout"])],
  ["Atomics", new Set(["wait", "waitAsync"])],
  ["Intl", new Set(["DateTimeFormat"])],
]);

/** Modules of Node without clock, randomness, input or output. Anything else of Node is refused, known today or not. */
const pureModules = new Set([
  ...["assert", "assert/strict", "async_hooks", "buffer", "diagnostics_channel", "events", "querystring"],
  ...["stream", "stream/web", "string_decoder", "url", "util", "util/types"],
]);

/** What may be imported by name from node:crypto: functions of their arguments alone. */
const pureCrypto = new Set(["createHash", "createHmac", "hash", "timingSafeEqual", "Hash", "Hmac"]);

/** Packages that are input and output. */
const effectPackages = new Set(["mysql2", "pg", "undici", "ws"]);

/** One import as the rules see it. `names` is null when it takes the whole module (default, namespace, side effect). */
export interface ImportUse {
  readonly specifier: string;
  readonly names: readonly string[] | null;
  /** `import type`, `export type`, `typeof import()`: erased, so nothing can be reached through it. */
  readonly typeOnly: boolean;
}

/** Why an import is refused, or null. `pure` is the stricter rule of packages/protocol: nothing of Node, not even types. */
export function importFault(use: ImportUse, isBuiltin: (name: string) => boolean, pure: boolean): string | null {
  const { specifier, names, typeOnly } = use;
  if (isBuiltin(specifier)) {
    if (pure) return `imports ${specifier}; this package must run without Node`;
    const name = specifier.replace(/^node:/, "");
    if (typeOnly || pureModules.has(name)) return null;
    if (name === "crypto" && names !== null) {
      const impure = names.find((each) => !pureCrypto.has(each));
      return impure === undefined ? null : `imports ${impure} from ${specifier}; only pure functions of it are allowed here`;
    }
    return `imports ${specifier}; it is reached through an adapter`;
  }
  const name = specifier.split("/")[0] ?? "";
  return effectPackages.has(name) && !typeOnly ? `imports ${specifier}; it is reached through an adapter` : null;
}

/** Whether a file has to obey: sources of packages and the simulator, without adapters, tests and the commands of the CLI. */
export function isInScope(path: string): boolean {
  if (!/^(packages\/[^/]+\/src|sim)\//.test(path)) return false;
  return !/\/adapters\/|^packages\/server\/src\/transports\/|^packages\/(server|pool)\/src\/testing\/|^sim\/test\/|^packages\/cli\/src\/(commands\/|main\.ts$)/.test(
    path,
  );
}

/** The stricter rule: packages/protocol runs in browsers and other runtimes as it is. */
export function isPure(path: string): boolean {
  return path.startsWith("packages/protocol/");
}

/**
 * The engines of this repository as the suite wants them: memory stores, and a folder of its own per SQLite file.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../src/engine.ts";
import { MemoryStore, memoryEngine, sqliteEngine, type WeakEngineSetup, weakEngine } from "../../src/engines/index.ts";
import { type EngineSubject, virtualEnv } from "../../src/testing/index.ts";

// Each engine starts two threads, each of which would compile the same sources again: a hundred times in a run of the suite.
const compiled = mkdtempSync(join(tmpdir(), "holdfast-compiled-"));
process.env["NODE_COMPILE_CACHE"] = compiled;
process.once("exit", () => rmSync(compiled, { recursive: true, force: true }));

const capabilities = { restart: true, copy: true, clock: true } as const;
let seed = Number(process.env["HOLDFAST_SEED"] ?? Date.now() % 1_000_000);
// The weak engine's faults follow from it.
console.log(`# engine suite seed ${seed}`);

/** A subject on a memory store. */
export function memorySubject(make: (setup: WeakEngineSetup) => Engine): EngineSubject {
  return {
    ...capabilities,
    crash: true,
    site: async (setup) => {
      const env = virtualEnv(seed++);
      let store = new MemoryStore();
      let saved = store;
      return {
        open: () => make({ env, store, ...setup }),
        crash: async () => store.crash(),
        save: async () => {
          saved = store.copy();
        },
        restore: async () => {
          store = saved.copy();
        },
        advance: env.advance,
        jumpWall: env.jumpWall,
        pendingTimers: () => env.pendingTimers,
        close: async () => {},
      };
    },
  };
}

export const memorySubjects = { memory: memorySubject(memoryEngine), weak: memorySubject(weakEngine) };

/** A subject on a database file. Kills are played on real processes elsewhere. */
export const sqliteSubject: EngineSubject = {
  ...capabilities,
  crash: false,
  site: async (setup) => {
    const env = virtualEnv(seed++);
    const folder = mkdtempSync(join(tmpdir(), "holdfast-engine-"));
    const live = join(folder, "live");
    const copy = join(folder, "copy");
    mkdirSync(live);
    const replace = (from: string, to: string): void => {
      rmSync(to, { recursive: true, force: true });
      cpSync(from, to, { recursive: true });
    };
    return {
      open: () => sqliteEngine({ env, path: join(live, "log.db"), ...setup }),
      save: async () => replace(live, copy),
      restore: async () => replace(copy, live),
      advance: env.advance,
      jumpWall: env.jumpWall,
      pendingTimers: () => env.pendingTimers,
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

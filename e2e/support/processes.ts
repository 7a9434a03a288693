/**
 * Starts the helper processes of these tests.
 */
import { fileURLToPath } from "node:url";
import { Child, type ChildOptions } from "../../bench/lib/child.ts";
import type { GuardedCalls } from "../processes/guarded.ts";
import type { ReaderCalls } from "../processes/readers.ts";
import type { ServerCalls } from "../processes/server.ts";

const path = (name: string): string => fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url));

export const startServer = (): Child<ServerCalls> => new Child<ServerCalls>(path("server"), { nodeFlags: ["--expose-gc"] });
export const startGuarded = (options: ChildOptions = { nodeFlags: ["--expose-gc"] }): Child<GuardedCalls> => new Child<GuardedCalls>(path("guarded"), options);
export const startReaders = (): Child<ReaderCalls> => new Child<ReaderCalls>(path("readers"));

/** The value at a fraction of a sorted list. */
export function quantile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

/** Polls until `fact` holds; fails with what `fact` last said. */
export async function until(what: string, fact: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await fact())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

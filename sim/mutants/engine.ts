/**
 * Mutants of engines, mostly from outside: what the contract forbids, done by a wrapper.
 */
import type { Mutant } from "./mutant.ts";

export const engineMutants: readonly Mutant[] = [
  {
    name: "ack-before-commit",
    what: "An append is answered before it is committed",
    seams: async () => (await import("./seams.ts")).acknowledgesEarly,
  },
  {
    name: "no-dedupe",
    what: "The engine does not look at producer numbers",
    seams: async () => (await import("./seams.ts")).ignoresProducers,
  },
  {
    name: "history-forgotten",
    what: "The engine knows only its newest epoch",
    seams: async () => (await import("./seams.ts")).forgetsHistory,
  },
  {
    name: "read-off-by-one",
    what: "A read after a seq leaves out the first entry after it",
    seams: async () => (await import("./seams.ts")).skipsOnRead,
  },
  {
    name: "epoch-reused",
    what: "The engine begins every start with the same epoch",
    patches: [{ file: "packages/server/src/engines/memory-runner.ts", find: "epoch: randomId(this.#env.rng, epochLength),", replace: 'epoch: "0123456789",' }],
  },
  {
    name: "duplicate-appended-after-restart",
    what: "Producers are forgotten when the engine starts",
    seams: async () => (await import("./seams.ts")).ignoresProducersAfterRestart,
  },
  {
    name: "refused-but-kept",
    what: "An append that is refused as busy is in the log all the same, under no number",
    seams: async () => (await import("./seams.ts")).keepsRefused,
  },
];

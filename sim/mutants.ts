/**
 * Plays all planted mutants and writes docs/mutants.md: `node --conditions=source sim/mutants.ts [--seeds N] [--check]`.
 * Exit code 1 when a mutant survives.
 */
import { main } from "./adapters/mutants-cli.ts";

await main();

/**
 * Plays seeds: `node --conditions=source sim/run.ts [--seeds N] [--from N] [--seed N] [--minutes M] [--mutant NAME] [--without KIND,...]
 * [--until-caught] [--trace] [--json]`. Exit code 1 when a seed was bad.
 */
import { main } from "./adapters/run-cli.ts";

await main();

/**
 * What other programs may rely on of the command: its exit codes. Everything else is reached by running it.
 */
export { type Exit, type ExitRow, exits } from "./exit-codes.ts";

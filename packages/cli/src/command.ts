/**
 * What every command is: a declaration, a pure reading of its arguments, and a run that ends in one of the exits.
 * The list of commands is commands.ts; each is loaded only when it is called.
 */
import type { Checked, CommandSpec, Given } from "./args.ts";
import type { Exit } from "./exit-codes.ts";

/** The environment's variables, as far as commands look at them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A command as the list of commands knows it. */
export interface CommandRow {
  readonly summary: string;
  /** Loads the command alone, so that `tail` does not wait for the server's code. */
  load(): Promise<Command>;
}

export interface Command {
  readonly spec: CommandSpec;
  /** Checks what was given and returns the run, or what is wrong. Pure: nothing has happened when it returns. */
  prepare(given: Given, variables: Variables): Checked<() => Promise<Exit>>;
}

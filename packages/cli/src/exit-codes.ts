/**
 * How the command ends, in one table: scripts and supervisors depend on these numbers, so a number never changes its meaning.
 * docs/cli.md lists the same table.
 */

/** One way to end. */
export interface ExitRow {
  readonly code: number;
  readonly meaning: string;
}

export const exits = {
  ok: { code: 0, meaning: "Done. For `serve`: ended by a signal after draining" },
  failed: { code: 1, meaning: "Failed: the port is taken, the data directory is in use, a file cannot be written, storage fails" },
  usage: { code: 2, meaning: "The command line, the environment or the configuration file is wrong; nothing was done" },
  unreachable: { code: 3, meaning: "The server could not be reached in time. For `publish`: some entries may or may not be there" },
  refused: { code: 4, meaning: "The server refused the request, or at least one entry" },
  gap: { code: 5, meaning: "A gap was met and `--fail-on-gap` was given" },
  input: { code: 6, meaning: "At least one input line was not published because it is too long, not UTF-8 or not JSON; the others were" },
  damaged: { code: 7, meaning: "`verify` found entries lost, duplicated, reordered or changed, for a reader or in the log" },
  keep_alive_broken: { code: 8, meaning: "`time` found that connections are not reused as they could be" },
  unfit: { code: 9, meaning: "`pool plan` found that the pools do not fit" },
  findings: { code: 10, meaning: "`lint`, `plan` or `doctor` found something of severity error (with `--strict`: or warning)" },
  interrupted: { code: 130, meaning: "Interrupted (SIGINT, Ctrl-C)" },
  terminated: { code: 143, meaning: "Terminated (SIGTERM)" },
} as const satisfies Record<string, ExitRow>;

/** A name of the table. */
export type Exit = keyof typeof exits;

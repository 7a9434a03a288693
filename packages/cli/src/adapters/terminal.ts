/**
 * Standard output and error. When the reader of stdout goes away (`| head`), writing ends quietly: nobody is left to tell.
 */

/** Where a command writes its results. */
export interface Output {
  readonly isTerminal: boolean;
  /** Aborted once nobody reads any more. */
  readonly gone: AbortSignal;
  /**
   * Writes, and resolves when more may be written: at once while little waits. Never rejects: see `gone`.
   * `written` is called, in order, when the system has taken this text; not when the reader is gone.
   */
  write(text: string | Uint8Array, written?: () => void): Promise<void>;
}

/** Waiting for the reader of stdout; above it, whoever writes waits too. */
const waitingBytesMax = 65_536;

export function standardOutput(): Output {
  const gone = new AbortController();
  process.stdout.on("error", (fault) => gone.abort(fault));
  return {
    isTerminal: process.stdout.isTTY === true,
    gone: gone.signal,
    write: (text, written) =>
      new Promise((resolve) => {
        if (gone.signal.aborted) return resolve();
        process.stdout.write(text, (fault) => {
          if (fault === null || fault === undefined) written?.();
          resolve();
        });
        if (process.stdout.writableLength < waitingBytesMax) resolve();
      }),
  };
}

/** Lines for people: notices stay, one status line is overwritten. Only a terminal gets the status line. */
export class Notices {
  readonly isTerminal = process.stderr.isTTY === true;
  #status = "";

  /** A line that stays. */
  say(line: string): void {
    const status = this.#status;
    this.status("");
    process.stderr.write(`${line}\n`);
    this.status(status);
  }

  /** The line that shows how far it is; empty removes it. */
  status(line: string): void {
    if (!this.isTerminal || line === this.#status) return;
    const shown = line.slice(0, Math.max(1, (process.stderr.columns || 80) - 1));
    process.stderr.write(`\r\x1b[K${shown}`);
    this.#status = line;
  }
}

/** SIGINT and SIGTERM as a signal to stop; the second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const [name, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(code);
      stop.abort(name);
    });
  }
  return stop.signal;
}

/** Calls on each SIGHUP, which ends the process otherwise. */
export function onHangup(call: () => void): void {
  process.on("SIGHUP", call);
}

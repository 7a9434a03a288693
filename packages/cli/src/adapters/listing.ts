/**
 * A list that a command shows once, or again each second until it is interrupted, with what a person wants to know meanwhile. What is
 * asked, and how it looks, is the command's own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { escapeJson, escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { Notices, type Output, standardOutput, stopSignal } from "./terminal.ts";

const timeoutMs = 10_000;
/** After this a person wants to know what is being waited for. */
const slowMs = 1_000;
const watchMs = 1_000;

/** An answer, or how the command ends without one. */
export type Answered<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly exit: Exit; readonly message: string };

export interface Listing<T> {
  /** The command's name. */
  readonly command: string;
  readonly url: string;
  /** One JSON object a row instead of the table. */
  readonly json: boolean;
  readonly watch: boolean;
  ask(signal: AbortSignal): Promise<Answered<T>>;
  rows(value: T): readonly object[];
  /** `columns` is the width of the terminal; undefined where there is none. */
  table(value: T, columns: number | undefined): string;
}

/** Asks and shows until there is no more to do. */
export async function showListing<T>(listing: Listing<T>): Promise<Exit> {
  const { command, url, watch } = listing;
  const output = standardOutput();
  const notices = new Notices();
  const stop = stopSignal();
  const interrupted = (): Exit => (stop.reason === "SIGTERM" ? "terminated" : "interrupted");
  for (;;) {
    const slow = setTimeout(() => notices.status(`asking ${url} ...`), slowMs);
    const answered = await listing.ask(AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]));
    clearTimeout(slow);
    notices.status("");
    if (stop.aborted) return interrupted();
    if (output.gone.aborted) return "ok";
    if (answered.ok) await show(output, listing, answered.value);
    else {
      notices.say(`holdfast ${command}: ${escapeLine(answered.message)}`);
      // A watch outlives the server's restarts; a refusal would only be repeated.
      if (!watch || answered.exit !== "unreachable") return answered.exit;
    }
    if (!watch) return "ok";
    await sleep(watchMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return interrupted();
  }
}

async function show<T>(output: Output, { json, watch, rows, table }: Listing<T>, value: T): Promise<void> {
  if (json) {
    await output.write(
      rows(value)
        .map((row) => `${escapeJson(JSON.stringify(row))}\n`)
        .join(""),
    );
    return;
  }
  const isAnew = watch && output.isTerminal;
  const text = table(value, output.isTerminal ? process.stdout.columns : undefined);
  await output.write(`${isAnew ? "\x1b[2J\x1b[H" : ""}${text}${watch && !output.isTerminal ? "\n" : ""}`);
}

/**
 * Small files of /proc and /sys as facts: the text, or why there is none. It must never throw for a file that is missing or forbidden.
 */
import { readFile } from "node:fs/promises";
import { type Known, known, unknown } from "../../facts.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "this kernel does not have it",
  EACCES: "no permission",
  EPERM: "no permission",
  ESRCH: "the process is gone",
};

export function whyNot(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return reasons[code ?? ""] ?? message;
}

export async function textOf(path: string): Promise<Known<string>> {
  return await tried(() => readFile(path, "utf8"));
}

export async function tried<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return known(await read());
  } catch (thrown) {
    return unknown(whyNot(thrown));
  }
}

/** What a pure reader makes of a fact. */
export function parsed<T, R>(fact: Known<T>, parse: (value: T) => R | null): Known<R> {
  if (!fact.known) return fact;
  const value = parse(fact.value);
  return value === null ? unknown("it does not read as expected") : known(value);
}

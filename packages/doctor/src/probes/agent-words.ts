/**
 * Reads what calls itself an agent. Pure: any JSON value in, the words that the doctor knows out, each of its type and bounded. Whatever stands at the
 * prefix may be somebody else's, so nothing of it is taken on trust.
 */
import type { AgentHello, AgentHow } from "../agent/wire.ts";

/** What the doctor uses of an agent's hello. */
export type HelloSaid = Pick<AgentHello, "agent" | "instance" | "connId" | "httpVersion" | "headers"> & {
  readonly server: Readonly<Record<string, string | number | boolean>>;
};

const wordCharsMax = 200;
/** An agent shows about half as many. */
const namesMax = 64;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const isWord = (value: unknown): value is string => typeof value === "string" && value.length <= wordCharsMax;

/** Entries of a record that are what `is` says; others are left out. */
function entries<T>(value: unknown, is: (each: unknown) => each is T): Record<string, T> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, namesMax)
      .filter((entry): entry is [string, T] => isWord(entry[0]) && is(entry[1])),
  );
}

const isText = (value: unknown): value is string => typeof value === "string";
const isPlain = (value: unknown): value is string | number | boolean => isWord(value) || typeof value === "number" || typeof value === "boolean";

/** Null: this is no agent's hello. */
export function helloOf(value: unknown): HelloSaid | null {
  if (!isRecord(value)) return null;
  const { agent, instance, connId, httpVersion, headers, server } = value;
  if (agent !== 1 || !isWord(instance) || !isWord(connId) || !isWord(httpVersion) || !isRecord(server)) return null;
  const shown = Object.fromEntries(Object.entries(entries(headers, isText)).map(([name, text]) => [name, text.slice(0, wordCharsMax)]));
  return { agent, instance, connId, httpVersion, headers: shown, server: entries(server, isPlain) };
}

const hows: readonly unknown[] = ["fin", "rst", "here", "close_frame", "goaway", "silent", "unknown"] satisfies AgentHow[];

export type EndedSaid = { readonly known: false } | { readonly known: true; readonly how: AgentHow | null };

/** How a connection ended; not known, where the answer says nothing of the kind. */
export function endedOf(value: unknown): EndedSaid {
  if (!isRecord(value) || value["known"] !== true) return { known: false };
  const { how } = value;
  return how === null || hows.includes(how) ? { known: true, how: how as AgentHow | null } : { known: false };
}

/**
 * A row of the hostile table: one input that nobody should send, and the exact answer of each subject. Rows are data: the page
 * docs/hostile-input.md is drawn from them, and e2e/hostile.test.ts sends them. A row never asserts by itself what every row must hold
 * (clauses.ts).
 */

import type { Need } from "../../scripts/test-support/needs.ts";

/** The parts of the table, as the page has them. */
export type Part = "A" | "B" | "C" | "D" | "E" | "F" | "G";

/** What is attacked. `bare` is Node without guard, and shows what a row is there for. */
export type SubjectName = "bare" | "plain" | "holdfast";

/**
 * How a subject is set: as it comes, with timers so short that a test can wait for them (`stalled`: the same in a process of its own, for
 * rows that take long), with room for few, for the many connections of a tool, or asking everybody for a token (tokens.ts).
 */
export type Setting = "default" | "short" | "stalled" | "few" | "many" | "tokens";

/** Where a subject listens, for those who attack it. */
export interface Target {
  readonly name: SubjectName;
  readonly port: number;
  /** A second listener, behind a PROXY header. */
  readonly proxiedPort: number;
  /** A third, with TLS. */
  readonly securePort: number;
  /** Takes back whatever a subject was allowed; resolves to how many links that ended. It is the operator's doing, not the attacker's. */
  revoke(subject: string): Promise<number>;
}

/** How a connection went on: we saw its FIN, it was reset, or it is still open and serves the next request. */
export type End = "closed" | "reset" | "open";

/** What came back. */
export interface Seen {
  /** HTTP statuses, in order. */
  readonly statuses: readonly number[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly end: End;
  /** The close code, of a WebSocket. */
  readonly close?: number | null;
  /** What was said on a link: types of messages, with their codes where they have one. */
  readonly says?: readonly string[];
}

export interface Expected {
  readonly statuses?: readonly number[];
  /** Headers that the last answer has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that it must not have. */
  readonly without?: readonly string[];
  /** `ended`: closed or reset, as it happens that bytes came before the end which nobody reads. */
  readonly end: End | "ended";
  readonly close?: number;
  readonly says?: readonly string[];
  /** The one code that is counted; null: nothing is refused. */
  readonly code: string | null;
  /** How often it is counted; once, if not said. */
  readonly times?: number;
}

export interface Row {
  /** The part and number of the table, with a letter where a row has variants. */
  readonly id: `${Part}${number}${string}`;
  /** What is sent, in one line. It has no bytes of the input. */
  readonly input: string;
  /** What each subject answers. */
  readonly on: Partial<Record<SubjectName, Expected>>;
  /** What the machine must have, where not every one does. */
  readonly needs?: Need;
  /** How the subjects are set; as they come, if not said. */
  readonly setting?: Setting;
  /** What is sent on one connection. */
  readonly bytes?: (target: Target) => string | Uint8Array;
  /** What is done, where one connection and its bytes do not say it. */
  readonly run?: (target: Target) => Promise<Seen>;
  /** By how much the subject's memory may grow, in bytes; 32 MiB if not said. */
  readonly rssBytesMax?: number;
  /** What stands beside the answer on the page. */
  readonly note?: string;
}

/** Part of a row's id. */
export const partOf = (id: string): Part => id[0] as Part;

/** The answer in words, for the page. */
export function answerWords({ statuses = [], headers = {}, without = [], end, close, says = [] }: Expected): string {
  const told = [
    ...statuses.map(String),
    ...Object.entries(headers).map(([name, value]) => `\`${name}: ${value}\``),
    ...without.map((name) => `no \`${name}\``),
    ...says.map((word) => `\`${word}\``),
    ...(close === undefined ? [] : [`close ${close}`]),
  ];
  const words = { closed: "closed", reset: "reset", ended: "ended", open: "stays open" }[end];
  return told.length === 0 ? (end === "open" ? "nothing is said; stays open" : `${words} without a word`) : `${told.join(", ")}; ${words}`;
}

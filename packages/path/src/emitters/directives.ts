/**
 * A tool's directives as rows: which knob each one writes, and how. A value that a tool can not say is named in a comment, never left out unseen.
 */
import type { Value } from "../knob.ts";
import type { EmittedHop } from "./hop.ts";
import { spoken } from "./hop.ts";

/** A line of a configuration, and why it is so. */
export type Line = readonly [text: string, why: string];

export interface Directive {
  readonly knob: string;
  /** The line for that value; null: the tool says it by leaving the line out. */
  readonly text: (value: Value) => string | null;
  /** Written only where the path or a rule says something of it: its default is no concern of most readers. */
  readonly onlyMeant?: true;
  /** Earlier versions do not know the directive. */
  readonly since?: string;
}

/** The lines of these directives, each beginning with `indent`; `sign` begins a comment. */
export function linesOf(emitted: EmittedHop, directives: readonly Directive[], indent: string, sign = "#"): Line[] {
  return directives.flatMap(({ knob, text, onlyMeant, since }): Line[] => {
    const written = emitted.read(knob);
    if (written === null || (onlyMeant === true && !written.isMeant)) return [];
    const { value, why } = written;
    if (since !== undefined && !emitted.since(since)) return written.isMeant ? [[`${indent}${sign} ${knob} needs version ${since}`, why]] : [];
    const line = text(value);
    if (line !== null) return [[`${indent}${line}`, why]];
    return [[`${indent}${sign} no ${knob}: ${spoken(value, typeof value === "number" ? "ms" : "word")}`, why]];
  });
}

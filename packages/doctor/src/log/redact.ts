/**
 * Takes out of a line what nobody should paste into a ticket: credentials, tokens, queries, cookies. It cuts too much rather than too
 * little, and never makes a line longer than `charsMax`.
 */
import { logLimits } from "./limits.ts";

const cuts: readonly (readonly [RegExp, string])[] = [
  [/(\/\/)[^/\s"'@]+@/g, "$1...@"],
  [/\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]+/gi, "$1 ..."],
  [/((?:set-)?cookie["']?\s*[:=]\s*["']?)[^"'\n]+/gi, "$1..."],
  [/((?:pass(?:word|wd)?|secret|token|api[_-]?key|access[_-]?key|signature|session(?:id)?|auth(?:orization)?)["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi, "$1..."],
  [/\?[^\s"'<>]*/g, "?..."],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "..."],
  // Bounded, as local parts are: without, a long word would be looked through once for each of its letters.
  [/[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]+/g, "...@..."],
  [/\b[A-Za-z0-9_-]{40,}\b/g, "..."],
];

export function redact(line: string): string {
  let text = line.slice(0, logLimits.lineCharsMax.value);
  for (const [pattern, instead] of cuts) text = text.replace(pattern, instead);
  const charsMax = logLimits.exampleCharsMax.value;
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 3)}...`;
}

/**
 * Options as a JavaScript object, a comment per line. Only numbers, booleans and JSON strings are written, so no declared text becomes code.
 */
import type { Value } from "../knob.ts";
import { commented } from "./hop.ts";

export interface Option {
  readonly name: string;
  readonly value: Value;
  readonly why: string;
}

/** `66_000`, as the code of this project writes numbers. */
export const literal = (value: Value): string =>
  typeof value === "number" && Number.isInteger(value) ? String(value).replaceAll(/\B(?=(\d{3})+$)/g, "_") : JSON.stringify(value);

export function objectLines(name: string, options: readonly Option[]): string[] {
  const lines = options.map((option) => [`  ${option.name}: ${literal(option.value)},`, option.why] as const);
  return [`export const ${name} = {`, ...commented(lines, "//"), "};"];
}

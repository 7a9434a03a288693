/**
 * Headers as they came, from Node's raw list (name, value, name, value): Node itself joins some repetitions and drops others, and a
 * proxy in front may have read the other one.
 */

/** Every value of a header, in the order in which they came. `name` in lower case. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const each = rawHeaders[i] ?? "";
    if (each.length === name.length && each.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? "");
  }
  return values;
}

/** A header that may stand once: its value, `undefined` when it is not there, or the fault. */
export type OneHeader = { readonly ok: true; readonly value: string | undefined } | { readonly ok: false; readonly code: "bad_request"; readonly why: string };

/** Reads a header that decides who somebody is: with two of it, two readers could see two values. */
export function oneHeader(rawHeaders: readonly string[], name: string): OneHeader {
  const values = headerValues(rawHeaders, name);
  if (values.length > 1) return { ok: false, code: "bad_request", why: `expected one ${name} header, got ${values.length}` };
  return { ok: true, value: values[0] };
}

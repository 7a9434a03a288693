/**
 * A token out of its source. What cannot be read is an error that names the file, and nothing of what is in it.
 */
import { readFile } from "node:fs/promises";
import type { TokenSource } from "../token.ts";

/** For the client's option `token`: asked for every dial. */
export function tokenOf(source: TokenSource): () => string | Promise<string> {
  switch (source.kind) {
    case "none":
      return () => "";
    case "text":
      return () => source.token;
    case "file":
      return async () => (await readFile(source.path, "utf8")).trim();
    default:
      return source satisfies never;
  }
}

/** What a header can carry: the platform's own error about anything else would quote it. */
const inHeader = /^[\t\x20-\x7e]*$/;

/** The headers of a request. */
export async function tokenHeaders(source: TokenSource): Promise<Record<string, string>> {
  return bearer(await tokenOf(source)());
}

/** The headers with this token. */
export function bearer(token: string): Record<string, string> {
  if (!inHeader.test(token)) throw new TypeError("expected one line of ASCII");
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}

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

/** The headers of a request. */
export async function tokenHeaders(source: TokenSource): Promise<Record<string, string>> {
  const token = await tokenOf(source)();
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}

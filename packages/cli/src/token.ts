/**
 * Who a command is to the server: a token from a flag, a file or the environment. Pure. It must never be shown, nor be part of a message.
 */
import { bad, type Checked, type FlagSpec, type Given, good, textFlag } from "./args.ts";
import type { Variables } from "./command.ts";

/** Where the token is; a file is read for every dial, since tokens change. */
export type TokenSource = { readonly kind: "none" } | { readonly kind: "text"; readonly token: string } | { readonly kind: "file"; readonly path: string };

export const tokenFlags: Readonly<Record<"token" | "token-file", FlagSpec>> = {
  token: {
    value: "TOKEN",
    what: "Who this is (default: HOLDFAST_TOKEN). Other users of the machine see it in the list of processes: prefer the variable or a file",
  },
  "token-file": { value: "FILE", what: "A file with the token, read for every dial" },
};

/** The variables that commands read, and `serve` does not. */
export const tokenVariable = "HOLDFAST_TOKEN";

/** What somebody else said, without the token: a hop may repeat in its error what it was sent. */
export function withoutToken(text: string, token: string): string {
  return token === "" ? text : text.replaceAll(token, "(the token)");
}

/** From --token or --token-file, else HOLDFAST_TOKEN, else none. */
export function tokenSource(given: Given, variables: Variables): Checked<TokenSource> {
  const token = textFlag(given, "token");
  const path = textFlag(given, "token-file");
  if (token !== undefined && path !== undefined) return bad("expected --token or --token-file, not both");
  if (path !== undefined) return good({ kind: "file", path });
  const text = (token ?? variables[tokenVariable] ?? "").trim();
  return good(text === "" ? { kind: "none" } : { kind: "text", token: text });
}

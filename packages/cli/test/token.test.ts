/** Where a command takes its token from. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommandSpec, readArgs } from "../src/args.ts";
import { tokenFlags, tokenSource, withoutToken } from "../src/token.ts";

const spec: CommandSpec = { name: "x", summary: "", operands: "", operandsMin: 0, operandsMax: 0, flags: tokenFlags, notes: [], examples: [] };

function source(words: readonly string[], variables: Record<string, string> = {}): unknown {
  const given = readArgs(spec, words);
  assert.ok(given.ok);
  const found = tokenSource(given.value, variables);
  return found.ok ? found.value : found.message;
}

test("a token comes from the flag, the file or the variable, in this order, or there is none", () => {
  assert.deepEqual(source([]), { kind: "none" });
  assert.deepEqual(source([], { HOLDFAST_TOKEN: "" }), { kind: "none" });
  assert.deepEqual(source([], { HOLDFAST_TOKEN: "a.b.c\n" }), { kind: "text", token: "a.b.c" });
  assert.deepEqual(source(["--token", "d.e.f"], { HOLDFAST_TOKEN: "a.b.c" }), { kind: "text", token: "d.e.f" });
  assert.deepEqual(source(["--token-file", "t"], { HOLDFAST_TOKEN: "a.b.c" }), { kind: "file", path: "t" });
});

test("two are refused, and neither is shown", () => {
  assert.equal(source(["--token", "d.e.f", "--token-file", "t"]), "expected --token or --token-file, not both");
});

test("what others say is shown without the token", () => {
  assert.equal(withoutToken("a.b.c is not a.b.c", "a.b.c"), "(the token) is not (the token)");
  assert.equal(withoutToken("nothing", ""), "nothing");
});

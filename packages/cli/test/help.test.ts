import assert from "node:assert/strict";
import { test } from "node:test";
import { readArgs } from "../src/args.ts";
import { commandRows } from "../src/commands.ts";
import { exits } from "../src/exit-codes.ts";
import { commandHelp, flagLabel, generalHelp } from "../src/help.ts";

test("the general help names every command and every exit code", () => {
  const help = generalHelp(commandRows);
  for (const [name, { summary }] of Object.entries(commandRows)) assert.ok(help.includes(`  ${name}`) && help.includes(summary), name);
  for (const { code, meaning } of Object.values(exits)) assert.ok(help.includes(`${code}`) && help.includes(meaning), meaning);
});

test("no two exits share a code", () => {
  const codes = Object.values(exits).map((row) => row.code);
  assert.equal(new Set(codes).size, codes.length);
});

for (const [name, row] of Object.entries(commandRows)) {
  test(`the help of ${name} names every flag that is read`, async () => {
    const { spec } = await row.load();
    assert.equal(spec.name, name);
    const help = commandHelp(spec);
    for (const [flag, { what }] of Object.entries(spec.flags)) {
      assert.ok(help.includes(`--${flag}`) || help.includes(`--[no-]${flag}`), flag);
      assert.ok(help.includes(what), flag);
    }
    assert.ok(readArgs(spec, ["--help"]).ok);
  });
}

test("labels show the short form, the negative form and the value", () => {
  assert.equal(flagLabel("url", { value: "URL", what: "" }), "--url URL");
  assert.equal(flagLabel("verbose", { short: "v", what: "" }), "-v, --verbose");
  assert.equal(flagLabel("vitals", { negatable: true, what: "" }), "--[no-]vitals");
});

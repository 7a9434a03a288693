/** What clients see in JSON text agrees with how the texts were made. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { rawMember } from "../src/json-tokens.ts";
import { objectText } from "./support/json-text.ts";

suite("rawMember", () => {
  test("returns a member's text exactly as written; of several the last; nothing for a name that is not there", () => {
    fc.assert(
      fc.property(objectText, ({ text, members }) => {
        const last = new Map(members.map(([name, value]) => [JSON.parse(name) as string, value]));
        for (const [name, value] of last) assert.equal(rawMember(text, name), value);
        assert.equal(rawMember(text, "no such name"), undefined);
      }),
      { numRuns: 2000 },
    );
  });

  test("quotes, backslashes, names deeper down and inherited names do not confuse it", () => {
    assert.equal(rawMember('{"a":"\\\\","data":"\\"}"}', "data"), '"\\"}"');
    assert.equal(rawMember('{"x":{"data":1},"y":[{"data":2}],"\\u0064ata" : [3] }', "data"), "[3]");
    assert.equal(rawMember('{"__proto__":{"data":1}}', "data"), undefined);
    assert.equal(rawMember("{}", "data"), undefined);
  });

  test("a value as long or as deep as a message can be comes back whole", () => {
    for (const value of ["[".repeat(30_000) + "]".repeat(30_000), `"${'\\"'.repeat(100_000)}"`]) assert.equal(rawMember(`{"data":${value}}`, "data"), value);
  });
});

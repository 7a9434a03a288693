/** rawMembers and nestsDeeperThan against how the texts were made, and on texts made to confuse them. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { nestsDeeperThan, rawMembers } from "../src/raw-json.ts";
import { jsonText, objectText } from "./support/json-text.ts";

const members = (text: string): Record<string, string> | null => {
  const found = rawMembers(text);
  return found === null ? null : Object.fromEntries(found);
};

suite("rawMembers", () => {
  test("returns every member's text exactly as written, or null when a name occurs twice in any spelling", () => {
    fc.assert(
      fc.property(objectText, ({ text, members: written }) => {
        const names = written.map(([name]) => JSON.parse(name) as string);
        const found = rawMembers(text);
        if (new Set(names).size < names.length) return assert.equal(found, null);
        assert.deepEqual(found, new Map(written.map(([, value], i) => [names[i] as string, value])));
        // Not compared with what JSON.parse makes of the whole: V8 14.6 reads some escaped names wrongly (nodejs/node#63785).
        JSON.parse(text);
      }),
      { numRuns: 2000 },
    );
  });

  test("ends on any text, and throws nothing but a SyntaxError", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.array(fc.constantFrom("{", "}", "[", "]", '"', "\\", ":", ",", " ", "a", "\\u"), { maxLength: 60 }).map((signs) => signs.join("")),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          rawMembers(text);
        } catch (thrown) {
          assert.ok(thrown instanceof SyntaxError, String(thrown));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("text that ends in backslashes ends at its own quote", () => {
    for (const count of [1, 2, 3, 16, 10_001]) {
      const slashes = "\\\\".repeat(count);
      assert.deepEqual(members(`{"a":"${slashes}","b":"${slashes}\\"","c":1}`), { a: `"${slashes}"`, b: `"${slashes}\\""`, c: "1" });
    }
  });

  test("names with escapes are the names that they mean", () => {
    assert.deepEqual(members('{"\\u0064ata":1}'), { data: "1" });
    assert.deepEqual(members('{"\\u0064\\u0061\\u0074\\u0061":1,"data ":2}'), { data: "1", "data ": "2" });
    assert.equal(rawMembers('{"data":1,"\\u0064ata":2}'), null);
    assert.deepEqual(members('{"\\\\":1,"\\"":2,"\\u0000":3}'), { "\\": "1", '"': "2", "\0": "3" });
  });

  test("__proto__ and other inherited names are members like others", () => {
    const found = rawMembers('{"__proto__":{"data":1},"constructor":2,"toString":3}');
    assert.deepEqual(
      [...(found ?? [])],
      [
        ["__proto__", '{"data":1}'],
        ["constructor", "2"],
        ["toString", "3"],
      ],
    );
    assert.equal(found?.get("data"), undefined);
    assert.equal(rawMembers('{"__proto__":1,"__proto__":2}'), null);
  });

  test("the same name deeper down is not a member", () => {
    assert.deepEqual(members('{"x":{"data":[{"data":1}]},"data":{"data":{"data":2}}}'), { x: '{"data":[{"data":1}]}', data: '{"data":{"data":2}}' });
  });

  test("an empty object has no members, whatever is around it", () => {
    for (const text of ["{}", " { } ", "{\n\t\r }\n"]) assert.deepEqual(members(text), {});
  });

  test("words and numbers end where they end", () => {
    assert.deepEqual(members('{"a":1,"b":true ,"c":null\n,"d":-1.5e+10}'), { a: "1", b: "true", c: "null", d: "-1.5e+10" });
  });

  test("U+2028, a byte order mark and other separators are not white space", () => {
    assert.deepEqual(members('{"a":"\u2028","\ufeff":"\u00a0"}'), { a: '"\u2028"', "\ufeff": '"\u00a0"' });
  });

  test("a value as deep as a message can be comes back whole", () => {
    const deep = "[".repeat(30_000) + "]".repeat(30_000);
    assert.deepEqual(members(`{"a":${deep},"b":2}`), { a: deep, b: "2" });
  });
});

suite("nestsDeeperThan", () => {
  test("agrees with how deep a text was made", () => {
    fc.assert(
      fc.property(jsonText, fc.nat({ max: 7 }), ({ text, depth }, levels) => {
        assert.equal(nestsDeeperThan(text, levels), depth > levels);
      }),
      { numRuns: 2000 },
    );
  });

  test("a scalar has no level, an empty list has one", () => {
    assert.equal(nestsDeeperThan('"[[["', 0), false);
    assert.equal(nestsDeeperThan("1", 0), false);
    assert.equal(nestsDeeperThan("[]", 0), true);
    assert.equal(nestsDeeperThan("[]", 1), false);
    assert.equal(nestsDeeperThan("[[],[],{}]", 2), false);
  });

  test("finds depth in text that is no JSON up to where it stops being any", () => {
    for (const text of ["[".repeat(100), `${"[".repeat(100)}]]]]]]`, `{"a":${"[".repeat(100)}\\"`]) assert.equal(nestsDeeperThan(text, 64), true);
  });

  test("never throws, and more levels are never less allowed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.nat({ max: 10 }), (text, levels) => {
        if (!nestsDeeperThan(text, levels)) assert.equal(nestsDeeperThan(text, levels + 1), false);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CommandSpec, choiceFlag, countFlag, editDistance, isOn, readArgs, textFlag, wholeNumber } from "../src/args.ts";

const spec: CommandSpec = {
  name: "thing",
  summary: "",
  operands: "NAME [MORE]",
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    url: { value: "URL", what: "" },
    json: { short: "j", what: "" },
    vitals: { negatable: true, what: "" },
    host: { value: "NAME", multiple: true, what: "" },
    "max-ms": { value: "N", what: "" },
  },
  notes: [],
  examples: [],
};

const values = (words: string[]) => {
  const given = readArgs(spec, words);
  assert.ok(given.ok, given.ok ? "" : given.message);
  return given.value;
};
const fault = (words: string[]): string => {
  const given = readArgs(spec, words);
  assert.ok(!given.ok);
  return given.message;
};

test("flags and operands may be mixed, and -- ends the flags", () => {
  const given = values(["--url", "http://x", "a", "-j", "--", "--json"]);
  assert.equal(textFlag(given, "url"), "http://x");
  assert.equal(isOn(given, "json"), true);
  assert.deepEqual(given.operands, ["a", "--json"]);
});

test("a value may stand behind an equals sign, also one that looks like a flag", () => {
  assert.equal(textFlag(values(["a", "--url=-1"]), "url"), "-1");
  assert.equal(textFlag(values(["a", "--url="]), "url"), "");
});

test("a lone dash is an operand and a value", () => {
  assert.deepEqual(values(["-"]).operands, ["-"]);
  assert.equal(textFlag(values(["a", "--url", "-"]), "url"), "-");
});

test("a negatable switch has both forms, others have one", () => {
  assert.equal(values(["a", "--no-vitals"]).flags.get("vitals"), false);
  assert.equal(values(["a", "--vitals"]).flags.get("vitals"), true);
  assert.match(fault(["a", "--no-json"]), /unknown flag "--no-json"/);
  assert.match(fault(["a", "--no-url"]), /unknown flag "--no-url"/);
});

test("a flag that may be repeated collects its values", () => {
  assert.deepEqual(values(["a", "--host", "x", "--host=y"]).flags.get("host"), ["x", "y"]);
});

const faults: [string[], RegExp][] = [
  [[], /^expected NAME \[MORE\]$/],
  [["a", "b", "c"], /^expected NAME \[MORE\], got also "c"$/],
  [["a", "--jsno"], /^unknown flag "--jsno"; did you mean --json\?$/],
  [["a", "--zzzzzz"], /^unknown flag "--zzzzzz"$/],
  [["a", "-x"], /^unknown flag "-x"/],
  [["a", "--json=1"], /^--json takes no value, got "1"$/],
  [["a", "--no-vitals=1"], /^--no-vitals takes no value/],
  [["a", "--url"], /^--url needs a value: --url URL$/],
  [["a", "--url", "--json"], /^--url needs a value, got the flag "--json"/],
  [["a", "--url", "x", "--url", "y"], /^--url is given twice$/],
  [["a", "--vitals", "--no-vitals"], /^--no-vitals is given twice$/],
  [["a", "--constructor"], /^unknown flag "--constructor"/],
  [["a", "--__proto__=1"], /^unknown flag "--__proto__"/],
];
for (const [words, message] of faults) test(`refuses ${JSON.stringify(words)}`, () => assert.match(fault(words), message));

test("--help needs no operands", () => {
  assert.equal(values(["--help"]).flags.get("help"), true);
  assert.equal(values(["-h", "a", "b", "c"]).flags.get("help"), true);
});

test("counts are checked against their bounds", () => {
  const count = (text: string) => countFlag(values(["a", `--max-ms=${text}`]), "max-ms", 1, 10, null);
  assert.deepEqual(count("10"), { ok: true, value: 10 });
  for (const text of ["0", "11", "-1", "1e0", "", "ten"]) assert.equal(count(text).ok, false, text);
  assert.deepEqual(countFlag(values(["a"]), "max-ms", 1, 10, null), { ok: true, value: null });
});

test("choices name what they expect", () => {
  assert.deepEqual(choiceFlag(values(["a", "--url=text"]), "url", ["text", "json"], "json"), { ok: true, value: "text" });
  assert.deepEqual(choiceFlag(values(["a", "--url=x"]), "url", ["text", "json"], "json"), { ok: false, message: 'expected --url to be text or json, got "x"' });
});

test("whole numbers are plain digits up to 2^53-1 and nothing else", () => {
  assert.equal(wholeNumber("0"), 0);
  assert.equal(wholeNumber("9007199254740991"), Number.MAX_SAFE_INTEGER);
  for (const text of ["9007199254740992", "99999999999999999", "01", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "", "-0", "١"])
    assert.equal(wholeNumber(text), null, text);
});

test("any words give a value or a message, never an exception", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("--url", "--json", "-j", "--no-vitals", "--", "-", "--host=x", "--no-", "--=", "-jj", "--no-no-json"));
  fc.assert(fc.property(fc.array(word, { maxLength: 8 }), (words) => typeof readArgs(spec, words).ok === "boolean"));
});

test("the distance between words counts letters", () => {
  assert.equal(editDistance("json", "json"), 0);
  assert.equal(editDistance("jsno", "json"), 2);
  assert.equal(editDistance("jso", "json"), 1);
  assert.equal(editDistance("x".repeat(65), "json"), Number.POSITIVE_INFINITY);
});

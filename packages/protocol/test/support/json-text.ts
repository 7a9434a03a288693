/**
 * Arbitrary JSON as text, as no serializer would write it: white space anywhere, every way of escaping, repeated names,
 * numbers that no double holds. Each text comes with its depth, known from how it was made.
 */
import fc from "fast-check";

/** A JSON value's text without white space around it, and how deep its arrays and objects nest. */
export interface JsonText {
  readonly text: string;
  readonly depth: number;
}

/** White space as JSON allows it. */
export const space: fc.Arbitrary<string> = fc.array(fc.constantFrom(" ", "\t", "\n", "\r"), { maxLength: 2 }).map((signs) => signs.join(""));

const rawSign = fc.constantFrom("a", "0", "/", "'", "{", "}", "[", "]", ",", ":", "\u007f", "\u0085", "\u2028", "\u2029", "\ufeff", "é", "四", "\u{1f980}");
const escapedSign = fc.constantFrom(
  '\\"',
  "\\\\",
  "\\/",
  "\\b",
  "\\f",
  "\\n",
  "\\r",
  "\\t",
  "\\u0000",
  "\\u0022",
  "\\u005C",
  "\\u2028",
  "\\ud800",
  "\\udc00",
  "\\ud83e\\udd80",
);

/** The text of a JSON string, its quotes included. */
export const stringText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 2, arbitrary: rawSign }, escapedSign), { maxLength: 8 })
  .map((signs) => `"${signs.join("")}"`);

/** Names that meet often, some in more than one spelling. */
export const nameText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('"data"', '"\\u0064ata"', '"d\\u0061ta"', '"type"', '"id"', '"__proto__"', '"constructor"', '""', '"\\\\"', '"\\""'),
  },
  stringText,
);

const scalarText = fc.oneof(
  fc.constantFrom("0", "-0", "1.50", "9007199254740993", "123456789012345678901234567890", "1e400", "-1E-400", "0.1e+1", "true", "false", "null"),
  stringText,
);

const join = (open: string, parts: readonly string[], gap: string, close: string): string => `${open}${gap}${parts.join(`${gap},${gap}`)}${gap}${close}`;

const deepest = (values: readonly JsonText[]): number => 1 + values.reduce((most, value) => Math.max(most, value.depth), 0);

/** Any JSON value. */
export const jsonText: fc.Arbitrary<JsonText> = fc.letrec<{ value: JsonText; list: JsonText; object: JsonText; scalar: JsonText }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: "small" }, tie("scalar"), tie("list"), tie("object")),
  scalar: scalarText.map((text) => ({ text, depth: 0 })),
  list: fc.tuple(fc.array(tie("value"), { maxLength: 4 }), space).map(([values, gap]) => ({
    text: join(
      "[",
      values.map((value) => value.text),
      gap,
      "]",
    ),
    depth: deepest(values),
  })),
  object: fc.tuple(fc.array(fc.tuple(nameText, tie("value")), { maxLength: 4 }), space).map(([members, gap]) => ({
    text: join(
      "{",
      members.map(([name, value]) => `${name}${gap}:${gap}${value.text}`),
      gap,
      "}",
    ),
    depth: deepest(members.map(([, value]) => value)),
  })),
})).value;

/** An object's members as written, and a text that holds them, with white space between. */
export const objectText: fc.Arbitrary<{ readonly text: string; readonly members: readonly (readonly [string, string])[] }> = fc
  .array(fc.tuple(nameText, jsonText, space, space), { maxLength: 6 })
  .chain((written) => fc.tuple(fc.constant(written), space, space))
  .map(([written, before, after]) => ({
    text: `${before}{${written.map(([name, value, a, b]) => `${a}${name}${b}:${a}${value.text}${b}`).join(",") || before}}${after}`,
    members: written.map(([name, value]) => [name, value.text] as const),
  }));

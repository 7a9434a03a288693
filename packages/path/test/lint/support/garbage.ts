/**
 * Text that nobody would write: pieces of a tool's language in any order, and bytes of no language at all. A tool reads each to its end.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findingDocs } from "../../../src/findings/index.ts";
import type { Tool } from "../../../src/lint/tool.ts";
import { nothingAsked } from "./fixtures.ts";

const always = [
  "\n",
  "\r\n",
  "\r",
  " ",
  "\t",
  '"',
  "'",
  "`",
  "\\",
  "#",
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  "=",
  ":",
  ",",
  ";",
  "0",
  "-1",
  "1e400",
  "99999999999999999999",
  "\0",
  "\uFEFF",
  "é",
  "\u2028",
  "%",
  "$",
  "<<",
  "*",
];

export function testGarbage(tool: Tool, pieces: readonly string[]): void {
  const text = fc.oneof(
    fc.array(fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...always)), { maxLength: 120 }).map((all) => all.join("")),
    fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((all) => all.join(" ").replaceAll(" \n ", "\n")),
    fc.string({ unit: "binary", maxLength: 400 }),
  );

  test(`${tool.name}: whatever a file says, it is read to its end, and each finding stands on one of its lines`, () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), (texts) => {
        const files = texts.map((each, index) => ({ file: `file-${index}`, text: each }));
        for (const file of files) tool.recognises(file);
        for (const behind of [null, "aws-alb"]) {
          const { findings, routes } = tool.read(files, { ...nothingAsked, behind });
          for (const { code, title, place, related } of findings) {
            assert.ok(findingDocs[code], code);
            assert.doesNotMatch(title, /undefined|NaN|\[object/);
            for (const each of place === null ? related : [place, ...related]) {
              const found = files.find(({ file }) => file === each.file);
              assert.ok(found !== undefined && each.line >= 1 && each.line <= found.text.split(/\r\n|\n|\r/).length, `${code} at ${each.file}:${each.line}`);
            }
          }
          for (const { hop } of routes)
            for (const value of Object.values(hop.values)) assert.ok(typeof value !== "number" || (Number.isFinite(value) && value >= 0));
        }
      }),
      { numRuns: 300 },
    );
  });
}

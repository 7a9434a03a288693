/**
 * The hostile table: every row is sent to every subject that it speaks of, one after the other per process, because each row is judged by
 * what moved meanwhile.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { needs } from "../scripts/test-support/needs.ts";
import { hold } from "./hostile/clauses.ts";
import type { Expected, Row, Setting, SubjectName } from "./hostile/row.ts";
import { hostileRows } from "./hostile/rows/index.ts";
import { Subject } from "./hostile/subjects.ts";

interface Lane {
  readonly name: SubjectName;
  readonly setting: Setting;
  readonly cases: (readonly [Row, Expected])[];
}

const lanes = new Map<string, Lane>();
for (const row of Object.values(hostileRows)) {
  const { setting = "default" } = row;
  for (const [name, expected] of Object.entries(row.on) as [SubjectName, Expected][]) {
    const key = `${name}, ${setting}`;
    if (!lanes.has(key)) lanes.set(key, { name, setting, cases: [] });
    lanes.get(key)?.cases.push([row, expected]);
  }
}

/** Rows may have variants, and no number is forgotten. Some stand with other tests, so it is the page that is asked, which is drawn from all. */
const numbersMax = 75;

it("has a row for every number, or says why not", (t) => {
  const page = readFileSync(new URL("../docs/hostile-input.md", import.meta.url), "utf8");
  const numbersIn = (text: string): Set<number> => new Set(Array.from(text.matchAll(/^\| [A-G](\d+)[a-z]* \|/gm), ([, n]) => Number(n)));
  const [shown = "", missing = ""] = page.split("## Not shown here");
  const [rows, gaps] = [numbersIn(shown), numbersIn(missing)];
  for (let n = 1; n <= numbersMax; n++)
    assert.ok(rows.has(n) !== gaps.has(n), `row ${n} is ${rows.has(n) ? "shown, and said to be missing" : "not spoken of"}`);
  t.diagnostic(`${rows.size} of ${numbersMax} numbers have rows`);
});

describe("the hostile table", { concurrency: 8 }, () => {
  for (const [key, { name, setting, cases }] of lanes) {
    describe(key, { concurrency: 1 }, () => {
      let subject: Subject;
      before(async () => {
        subject = await Subject.start(name, setting);
      });
      after(() => subject.stop());
      for (const [row, expected] of cases)
        it(`${row.id}: ${row.input}`, { skip: row.needs === undefined ? false : needs(row.needs) }, () => hold(subject, row, expected));
    });
  }
});

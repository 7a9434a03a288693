/**
 * The hostile table: every row is sent to every subject that it speaks of, one after the other per process, because each row is judged by
 * what moved meanwhile.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { hold } from "./hostile/clauses.ts";
import { notYet } from "./hostile/not-yet.ts";
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

/** Numbers of the table: rows may have variants, and none is forgotten. */
const numbersMax = 75;

it("has a row for every number, or says why not", () => {
  const numberOf = (id: string): number => Number.parseInt(id.slice(1), 10);
  const told = [...Object.keys(hostileRows), ...Object.keys(notYet)].map(numberOf);
  for (let n = 1; n <= numbersMax; n++) assert.ok(told.includes(n), `nothing is said of row ${n}`);
  for (const id of Object.keys(notYet)) assert.ok(!Object.keys(hostileRows).map(numberOf).includes(numberOf(id)), `${id} has rows now`);
});

describe("the hostile table", { concurrency: 8 }, () => {
  for (const [key, { name, setting, cases }] of lanes) {
    describe(key, { concurrency: 1 }, () => {
      let subject: Subject;
      before(async () => {
        subject = await Subject.start(name, setting);
      });
      after(() => subject.stop());
      for (const [row, expected] of cases) it(`${row.id}: ${row.input}`, () => hold(subject, row, expected));
    });
  }
});

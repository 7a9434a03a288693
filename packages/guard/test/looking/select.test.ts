import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionRow } from "../../src/connection-row.ts";
import { parseSelection, type Selection, selectRows, type sortKeys } from "../../src/looking/select.ts";
import { connectionRow } from "../support/rows.ts";

const select = (rows: readonly ConnectionRow[], query: string): { ids: string[]; matching: number } => {
  const selection = parseSelection(new URLSearchParams(query));
  assert.ok(typeof selection !== "string", String(selection));
  const { rows: found, matching } = selectRows(rows, selection);
  return { ids: found.map(({ id }) => id), matching };
};

describe("a selection of connections", () => {
  const rows = [
    connectionRow({ id: "a", ageMs: 1, idleMs: null, silentMs: 3, bytesRead: 5, requests: 1, bytesQueued: 7, subject: "ann", phase: "body" }),
    connectionRow({ id: "b", ageMs: 3, idleMs: 5, silentMs: 2, bytesRead: 1, requests: 3, bytesQueued: 0, listener: "https" }),
    connectionRow({ id: "c", ageMs: 2, idleMs: 9, silentMs: 1, bytesRead: 0, requests: 2, bytesQueued: 9, bytesWritten: 9_000 }),
  ];
  const orders: Readonly<Record<keyof typeof sortKeys, string>> = { age: "bca", bytes: "cab", idle: "cba", queued: "cab", requests: "bca", silent: "abc" };
  for (const [sort, ids] of Object.entries(orders)) {
    it(`is ordered by ${sort}, the greatest first`, () => assert.equal(select(rows, `sort=${sort}`).ids.join(""), ids));
  }

  it("is by idleness where nothing is said", () => assert.equal(select(rows, "").ids.join(""), "cba"));
  it("has at most so many, and says how many there are", () => assert.deepEqual(select(rows, "limit=1"), { ids: ["c"], matching: 3 }));
  it("is of one listener", () => assert.deepEqual(select(rows, "listener=https").ids, ["b"]));
  it("is of one subject", () => assert.deepEqual(select(rows, "subject=ann").ids, ["a"]));
  it("is of one phase", () => assert.deepEqual(select(rows, "phase=body").ids, ["a"]));

  for (const query of ["sort=name", "sort=toString", "limit=0", "limit=10001", "limit=1e3", "limit=-1", "limit=", "limit=1&limit=2", "what=1"]) {
    it(`refuses ${query}`, () => assert.equal(typeof parseSelection(new URLSearchParams(query)), "string"));
  }

  it("leaves the table as it is", () => {
    const before = rows.map(({ id }) => id);
    selectRows(rows, parseSelection(new URLSearchParams()) as Selection);
    assert.deepEqual(
      rows.map(({ id }) => id),
      before,
    );
  });
});

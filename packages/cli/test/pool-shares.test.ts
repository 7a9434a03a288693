import assert from "node:assert/strict";
import { test } from "node:test";
import type { BudgetView, ShareView } from "@holdfast/pool/budget";
import { readArgs } from "../src/args.ts";
import { poolWatch } from "../src/commands/pool/watch.ts";
import { sharesTable } from "../src/pool/shares.ts";

const share: ShareView = {
  ...{ budget: "orders", replica: "7m3kq0v1c2ab", label: "v41", state: "holding", granted: 5, ceiling: 5, target: 5, max: 20, used: 5, waiting: 12 },
  ...{ waitP95Ms: 40, ageMs: 3_725_000, renewedMs: 850, leftMs: 9_150, lapses: 0, refused: 0 },
};
const view: BudgetView = { budget: "orders", shares: 12, granted: 9, door: 3, reserve: 5, strangers: 1, replicas: [share], warnings: [] };

test("the table says what there is, who has it, and what is wrong", () => {
  const giving: ShareView = { ...share, replica: "b0000000000b", label: "v42", state: "giving way", granted: 4, ceiling: 2, target: 2, waiting: 0 };
  assert.equal(
    sharesTable([{ ...view, replicas: [share, giving], warnings: ["others have 9 connections"] }]),
    [
      "orders: 9 of 12 leased to 2 replicas [#########...]; door 3, reserve 5, others have 1\n",
      "replica       label  state       share  fair  used  waiting  p95 wait    age  renewed\n",
      "7m3kq0v1c2ab  v41    holding         5     5     5       12      40ms  1h02m     0.8s\n",
      "b0000000000b  v42    giving way    4>2     2     5        0      40ms  1h02m     0.8s\n",
      "! others have 9 connections\n",
    ].join(""),
  );
  assert.match(sharesTable([]), /no budget/);
});

test("no line is wider than the terminal, and what applications wrote cannot act on it", () => {
  const table = sharesTable([{ ...view, replicas: [{ ...share, label: "a\x1b[2J\u202e" }] }], 60);
  for (const line of table.split("\n")) assert.ok(line.length <= 60, line);
  assert.ok(!table.includes("\x1b"));
});

test("a command line without a database is refused, and a password is not repeated", () => {
  const prepared = (words: string[], variables = {}): string => {
    const given = readArgs(poolWatch.spec, words);
    assert.ok(given.ok);
    const checked = poolWatch.prepare(given.value, variables);
    return checked.ok ? "ok" : checked.message;
  };
  assert.match(prepared([]), /DATABASE_URL/);
  assert.equal(prepared([], { DATABASE_URL: "postgres://app:secret@127.0.0.1/app" }), "ok");
  assert.equal(prepared(["mariadb://app@127.0.0.1/app", "--once", "--json"]), "ok");
  assert.doesNotMatch(prepared(["http://app:secret@127.0.0.1/app"]), /secret|^ok$/);
  assert.doesNotMatch(prepared(["not a url secret"]), /secret|^ok$/);
});

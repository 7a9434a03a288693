import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { keepAliveBehind } from "@holdfast/guard";

it("docs/timeouts.md names the keep-alive that guard derives from each proxy's timer", () => {
  const page = readFileSync(new URL("../../../docs/timeouts.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\|.*\| (\d{4,}) \| (\d{4,}) \|$/gm)].map(([, idleMs, keepAliveMs]) => [Number(idleMs), Number(keepAliveMs)] as const);
  assert.ok(rows.length >= 10);
  for (const [idleMs, keepAliveMs] of rows) assert.equal(keepAliveMs, keepAliveBehind(idleMs));
});

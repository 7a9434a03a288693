import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { toolOf } from "../../src/lint/index.ts";
import { filesIn } from "./support/fixtures.ts";

test("each tool's files are recognised as its own, whichever tool is asked first", () => {
  for (const id of ["haproxy", "caddy", "node", "sysctl", "systemd"] as const) {
    for (const kind of ["good", "bad"] as const) {
      for (const file of filesIn(join(import.meta.dirname, id), kind)) assert.equal(toolOf(file, null)?.id, id, file.file);
    }
  }
});

/** What reflection answers is what the .proto files say. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../../../../../scripts/test-support/needs.ts";

it("the embedded descriptors are those of the .proto files", { skip: needs("protoc") }, () => {
  const script = fileURLToPath(new URL("../../../../../scripts/grpc-descriptors.ts", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, script], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});

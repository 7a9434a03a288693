import assert from "node:assert/strict";
import { Agent, createServer } from "node:http";
import { test } from "node:test";
import { parseJson } from "../../../src/lint/node/json.ts";
import { serverOptionNames, shapeOf } from "../../../src/lint/node/shape.ts";
import { filesIn } from "../support/fixtures.ts";

test("Node takes the options of the good files as they are, and each name of the shape is one of its own", () => {
  for (const { file, text } of filesIn(import.meta.dirname, "good")) {
    const { root } = parseJson(text);
    assert.ok(root !== null);
    for (const { name, options } of shapeOf(root, file).parts) {
      const given = Object.fromEntries([...options].map(([option, { value }]) => [option, value]));
      if (name === "agent") assert.equal((new Agent(given) as Agent & { options: { timeout?: unknown } }).options.timeout, given["timeout"]);
      if (name !== "server") continue;
      const server = createServer(given);
      if (given["keepAliveTimeout"] !== undefined) assert.equal(server.keepAliveTimeout, given["keepAliveTimeout"]);
      if (given["headersTimeout"] !== undefined) assert.equal(server.headersTimeout, given["headersTimeout"]);
    }
  }
  for (const name of serverOptionNames) assert.doesNotThrow(() => createServer({ [name]: name === "noDelay" ? true : 60_000 }), name);
  assert.throws(() => createServer({ keepAliveTimeout: -1 }), /ERR_OUT_OF_RANGE|out of range/);
});

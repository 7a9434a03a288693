import assert from "node:assert/strict";
import { it } from "node:test";
import { tooEarly } from "../../src/tls/too-early.ts";

it("refuses early requests that change something, and serves those that do not", () => {
  const early = { "early-data": "1" };
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get"]) assert.equal(tooEarly(early, method), true, method);
  for (const method of ["GET", "HEAD", "OPTIONS", "QUERY", "TRACE"]) assert.equal(tooEarly(early, method), false, method);
});

it("serves every request that nobody calls early", () => {
  assert.equal(tooEarly({}, "POST"), false);
});

it("takes repeated and invalid values for 1", () => {
  for (const value of ["1, 1", "0", "", "yes"]) assert.equal(tooEarly({ "early-data": value }, "POST"), true, value);
});

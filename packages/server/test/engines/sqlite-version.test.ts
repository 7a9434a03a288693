/** Which versions of SQLite are trusted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasWalResetFix } from "../../src/engines/sqlite-version.ts";

describe("hasWalResetFix", () => {
  const trusted = ["3.44.6", "3.50.7", "3.50.9", "3.51.3", "3.51.10", "3.53.0", "3.53.4", "3.60.0", "4.0.0"];
  const refused = ["3.7.0", "3.44.5", "3.45.0", "3.50.6", "3.51.2", "3.52.0", "3.52.1", "", "x", "3", "3.x.9"];
  for (const version of trusted) it(`trusts ${version}`, () => assert.equal(hasWalResetFix(version), true));
  for (const version of refused) it(`refuses "${version}"`, () => assert.equal(hasWalResetFix(version), false));
});

/** Findings as text: what is counted is said in the number that it has. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { drawFindings } from "@holdfast/doctor";
import type { Finding } from "@holdfast/path";

const finding = (code: string, severity: Finding["severity"]): Finding => ({
  ...{ code, severity, title: code, hop: null, place: null },
  ...{ related: [], evidence: [], advice: [], dependsOn: [] },
});

it("counts one error as one error", () => {
  assert.match(drawFindings([finding("tls_old", "error"), finding("http1_only", "info"), finding("silent_drop", "info")]), /^1 error, 0 warnings, 2 notes\. /m);
  assert.equal(drawFindings([]), "Nothing found.\n");
});

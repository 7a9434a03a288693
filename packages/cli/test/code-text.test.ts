/** Codes are never shown bare. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, HoldfastError } from "@holdfast/protocol";
import { codeText, errorText, faultText } from "../src/code-text.ts";

test("what was said is shown with its code; the table speaks when nothing was said", () => {
  assert.equal(codeText("draining", "back at noon"), "draining, back at noon");
  assert.equal(codeText("draining", ""), `draining, ${codes.draining.meaning}`);
  assert.equal(codeText("of_tomorrow", ""), "of_tomorrow");
});

test("an error says what its code means, unless it has more to say", () => {
  assert.equal(errorText(new HoldfastError("outbox_full")), `[outbox_full] ${codes.outbox_full.meaning}`);
  assert.equal(errorText(new HoldfastError("outbox_full", "1 of 1")), "[outbox_full] 1 of 1");
  assert.equal(faultText(new HoldfastError("outbox_full", "1 of 1")), "[outbox_full] 1 of 1");
  assert.equal(faultText(new Error("EACCES")), "EACCES");
});

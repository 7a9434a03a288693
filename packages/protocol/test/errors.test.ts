/** The one error class says its code, knows whether trying again helps, and wraps whatever was thrown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Code, codes, HoldfastError } from "../src/index.ts";

test("the message begins with the code, which stands alone unless more is said", () => {
  assert.deepEqual([new HoldfastError("fenced").message, new HoldfastError("fenced").detail], ["[fenced]", ""]);
  assert.equal(new HoldfastError("fenced", "epoch 3").message, "[fenced] epoch 3");
});

test("trying again helps exactly where the table says so", () => {
  for (const code of Object.keys(codes) as Code[]) assert.equal(new HoldfastError(code).retryable, codes[code].retry !== "stop");
});

test("details are there when given, and absent otherwise", () => {
  const cause = new Error("disk");
  const error = new HoldfastError("storage_failed", "no", { cause, afterMs: 250, stream: "a" });
  assert.deepEqual([error.cause, error.afterMs, error.stream, error.name], [cause, 250, "a", "HoldfastError"]);
  const bare = new HoldfastError("storage_failed");
  assert.equal("cause" in bare, false);
  assert.deepEqual([bare.afterMs, bare.stream], [undefined, undefined]);
});

test("anything thrown becomes internal with its cause; its own kind stays itself", () => {
  const own = new HoldfastError("slow_consumer");
  assert.equal(HoldfastError.from(own), own);
  for (const thrown of [new TypeError("x is not y"), "text", undefined, null, 5]) {
    const error = HoldfastError.from(thrown);
    assert.deepEqual([error.code, error.cause], ["internal", thrown]);
    assert.ok(error.message.startsWith("[internal] "));
  }
});

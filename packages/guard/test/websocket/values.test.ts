import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endCodes } from "../../src/ends.ts";
import { Budget } from "../../src/websocket/budget.ts";
import { closeCodeOf, faultOf } from "../../src/websocket/closes.ts";
import { resolveWebSocketLimits, type WebSocketLimits, webSocketLimitDocs } from "../../src/websocket/limits.ts";

describe("a budget", () => {
  it("bears as many at once as it is large, and not one more", () => {
    const budget = new Budget(10, 10_000, 0);
    for (let i = 0; i < 10; i++) assert.equal(budget.spend(1, 0), true);
    assert.equal(budget.spend(1, 0), false);
  });

  it("never refuses an even rate within it, however its points fall", () => {
    const budget = new Budget(10, 10_000, 0);
    for (let i = 0; i < 1_000; i++) assert.equal(budget.spend(1, i * 1_000 + (i % 3) * 300), true);
  });

  it("holds no more than its size after a long rest", () => {
    const budget = new Budget(10, 10_000, 0);
    assert.equal(budget.spend(10, 1e9), true);
    assert.equal(budget.spend(1, 1e9), false);
  });
});

describe("close codes of WebSockets", () => {
  it("are such as may be sent", () => {
    for (const code of endCodes) {
      const close = closeCodeOf(code);
      assert.ok((close >= 1_000 && close <= 1_014 && ![1_004, 1_005, 1_006].includes(close)) || (close >= 3_000 && close < 5_000), `${code}: ${close}`);
    }
  });

  it("have a reason that fits into a close frame", () => {
    for (const code of endCodes) assert.ok(code.length <= 123);
  });

  it("are known for what ws refuses, and not for what it does not", () => {
    const error = (code?: string): Error => Object.assign(new Error("x"), { code });
    assert.equal(faultOf(error("WS_ERR_INVALID_UTF8")), "bad_payload");
    assert.equal(faultOf(error("WS_ERR_INVALID_OPCODE")), "protocol_error");
    assert.equal(faultOf(error("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")), "frame_too_large");
    assert.equal(faultOf(error("Z_DATA_ERROR")), "bad_payload");
    assert.equal(faultOf(error("ECONNRESET")), null);
    assert.equal(faultOf(error()), null);
  });
});

describe("limits of WebSockets", () => {
  it("are the documented ones where nothing is given", () => {
    const limits = resolveWebSocketLimits();
    for (const [name, doc] of Object.entries(webSocketLimitDocs)) assert.equal(limits[name as keyof WebSocketLimits], doc.default);
    assert.ok(Object.isFrozen(limits));
  });

  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ heartbeatMs: 0 }, /`heartbeatMs` to be a whole number of ms, at least 1, got 0/],
    [{ ackMs: 1.5 }, /`ackMs`/],
    [{ closeMs: "never" }, /`closeMs`/],
    [{ messagesPerSecondMax: 0 }, /at least 1 or "never", got 0/],
    [{ kinds: "binary" }, /"any" or "text", got "binary"/],
    [{ pingMax: 1 }, /known WebSocket limit, got `pingMax`/],
  ];
  for (const [given, message] of wrong) {
    it(`refuse ${JSON.stringify(given)}`, () => {
      assert.throws(() => resolveWebSocketLimits(given as Partial<WebSocketLimits>), message);
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FlushMemo, textChunk } from "../../src/transports/chunks.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

describe("pieces of a body", () => {
  it("are chunks where the headers promised chunks, sized in bytes, and bare where they did not", () => {
    assert.equal(text(textChunk("ü\n", true)), "3\r\nü\n\r\n");
    assert.equal(text(textChunk("ü\n", false)), "ü\n");
    const memo = new FlushMemo();
    const bytes = Buffer.from("data: ü\n");
    assert.equal(text(memo.flush(bytes, "id: 1\n\n", true)), "10\r\ndata: ü\nid: 1\n\n\r\n");
    assert.equal(text(memo.flush(bytes, "id: 1\n\n", false)), "data: ü\nid: 1\n\n");
    assert.equal(memo.flush(bytes, "", false), bytes);
  });

  it("are one buffer for all who are told the same in the same way, and another for whoever is not", () => {
    const memo = new FlushMemo();
    const bytes = Buffer.from("data: 1\n");
    const first = memo.flush(bytes, "\n", true);
    assert.equal(memo.flush(bytes, "\n", true), first);
    assert.notEqual(memo.flush(bytes, "id: 2\n\n", true), first);
    assert.notEqual(memo.flush(bytes, "\n", false), first);
    assert.equal(text(memo.flush(Buffer.from("data: 2\n"), "\n", true)), "9\r\ndata: 2\n\n\r\n");
  });
});

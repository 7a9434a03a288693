import assert from "node:assert/strict";
import { test } from "node:test";
import { closedObject, entryLine, gapNotice, gapObject, type PrintOptions, type TailEntry } from "../src/tail/print.ts";

const entry = (payload: TailEntry["payload"], key?: string): TailEntry => ({ stream: "logs/app", position: "e1.11", timeMs: 5, key, payload });
const line = (payload: TailEntry["payload"], options: Partial<PrintOptions> = {}): string | Uint8Array =>
  entryLine(entry(payload), { mode: "lines", format: "json", terminal: false, names: false, ...options });

test("JSON is printed as published", () => {
  const json = '{"n":123456789012345678901234567890,"n":1.0,"s":"\u202e\u009b"}';
  assert.equal(line({ json }), `${json}\n`);
});

test("line ends between JSON values become spaces, so that an entry is one line", () => {
  assert.equal(line({ json: '{\n  "a": "x\\ny"\r\n}' }), '{   "a": "x\\ny"  }\n');
});

test("on a terminal nothing acts, and the value is the same", () => {
  assert.equal(line({ json: '"\u202e\u009b\u007f"' }, { terminal: true }), '"\\u202e\\u009b\\u007f"\n');
  assert.equal(line({ json: '"a\\tb\\u001b"' }, { format: "text", terminal: true }), "a\tb\\u001b\n");
});

test("text prints what a JSON string says, and other JSON as it is", () => {
  assert.equal(line({ json: '"a \\"b\\" \\u00e9"' }, { format: "text" }), 'a "b" é\n');
  assert.equal(line({ json: '{"a":1}' }, { format: "text" }), '{"a":1}\n');
});

test("bytes are base64 in JSON and themselves in text", () => {
  const bytes = Uint8Array.of(0x61, 0xff, 0x0a);
  assert.equal(line({ bytes }), '{"base64":"Yf8K"}\n');
  assert.deepEqual(Buffer.from(line({ bytes }, { format: "text", names: true }) as Uint8Array), Buffer.from("logs/app: a\xff\n\n", "latin1"));
  assert.equal(line({ bytes }, { format: "text", terminal: true }), "a\ufffd\\u000a\n");
});

test("several streams put their names in front", () => {
  assert.equal(line({ json: "1" }, { names: true }), "logs/app: 1\n");
});

test("objects carry position, time, key and the payload as published", () => {
  const options: PrintOptions = { mode: "objects", format: "json", terminal: false, names: true };
  assert.equal(entryLine(entry({ json: "1.0" }, "k"), options), '{"stream":"logs/app","position":"e1.11","timeMs":5,"key":"k","data":1.0}\n');
  assert.equal(entryLine(entry({ json: "1.0" }), options), '{"stream":"logs/app","position":"e1.11","timeMs":5,"data":1.0}\n');
  assert.equal(entryLine(entry({ bytes: Uint8Array.of(1) }), options), '{"stream":"logs/app","position":"e1.11","timeMs":5,"base64":"AQ=="}\n');
});

test("gaps and ends are objects of their own", () => {
  const gap = { stream: "s", reason: "trimmed", from: "0", after: "e.11", head: "e.12" };
  assert.deepEqual(JSON.parse(gapObject(gap)), { stream: "s", gap: { reason: "trimmed", from: "0", after: "e.11", head: "e.12" } });
  assert.deepEqual(JSON.parse(closedObject("s", "e.12")), { stream: "s", closed: { position: "e.12" } });
  assert.equal(gapNotice(gap, "Gone"), "gap in s (trimmed): Gone; position 0 cannot be honoured, going on after e.11");
});

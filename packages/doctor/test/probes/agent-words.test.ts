/** Whatever answers at the agent's prefix: what it says is read by type, and never crashes who reads it. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { endedOf, helloOf } from "../../src/probes/agent-words.ts";
import { judgeBackend } from "../../src/probes/backend.ts";
import { whoEnded } from "../../src/probes/who-ended.ts";

const hello = { agent: 1, instance: "i", connId: "i-1", httpVersion: "1.1", headers: { connection: "close" }, server: { node: "26.10.0", socket: true } };

test("an agent's hello is read, and what is not of its type is left out", () => {
  assert.deepEqual(helloOf({ ...hello, more: 1 }), hello);
  assert.deepEqual(helloOf({ ...hello, headers: { connection: {}, via: "x" } })?.headers, { via: "x" });
  assert.deepEqual(helloOf({ ...hello, headers: null })?.headers, {});
  assert.equal(helloOf({ ...hello, headers: { via: "x".repeat(9_000) } })?.headers["via"]?.length, 200);
});

test("what lacks a word that the doctor needs is no hello", () => {
  for (const name of ["agent", "instance", "connId", "httpVersion", "server"]) assert.equal(helloOf({ ...hello, [name]: null }), null, name);
  for (const value of [null, [], "hello", 1, [hello], { ...hello, connId: "x".repeat(201) }]) assert.equal(helloOf(value), null);
});

test("an end of an unknown kind is not known", () => {
  assert.deepEqual(endedOf({ known: true, how: "here" }), { known: true, how: "here" });
  assert.deepEqual(endedOf({ known: true, how: null }), { known: true, how: null });
  for (const value of [null, {}, { known: true, how: {} }, { known: true }, { known: 1, how: "fin" }]) assert.deepEqual(endedOf(value), { known: false });
});

test("no answer of any shape makes the judgements of both ends throw", () => {
  const anything = fc.oneof(fc.jsonValue(), fc.record({ agent: fc.constant(1), instance: fc.jsonValue(), connId: fc.jsonValue(), headers: fc.jsonValue() }));
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 8 }), (values) => {
      const hellos = [hello, hello, ...values].flatMap((value) => helloOf(value) ?? []);
      const ended = values.map(endedOf);
      assert.ok(["kept", "some", "never"].includes(judgeBackend(hellos, ended).reuse));
      assert.ok([null, "server", "between"].includes(whoEnded(ended, "fin")));
    }),
  );
});

/** The table of codes keeps its own rules, and closes are read as the vectors have it. */
import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { suite, test } from "node:test";
import { type Code, type CodeRow, codes, gapReasons, isCode, limits, retryOf, retryOfClose } from "../src/index.ts";
import { type Case, readVectors } from "./support/vectors.ts";

const rows = Object.entries(codes) as [Code, CodeRow][];

suite("the table", () => {
  test("names every code in lower case with underscores, and says what it means and what to do, each once", () => {
    for (const [code, { meaning, remedy }] of rows) {
      assert.match(code, /^[a-z]+(?:_[a-z0-9]+)*$/);
      assert.ok(meaning.length > 10 && remedy.length > 0 && !meaning.endsWith("."), code);
    }
    assert.equal(new Set(rows.map(([, { meaning }]) => meaning)).size, rows.length);
  });

  test("gives each close code to one code", () => {
    const used = rows.flatMap(([, { close }]) => (close === null ? [] : [close]));
    assert.deepEqual(used.toSorted(), [...new Set(used)].toSorted());
  });

  test("uses close codes that RFC 6455 lets an endpoint send", () => {
    for (const [code, { close }] of rows) {
      const allowed = close === null || (close >= 1000 && close <= 1014 && ![1004, 1005, 1006].includes(close)) || (close >= 4000 && close <= 4999);
      assert.ok(allowed, `${code}: ${close}`);
    }
  });

  test("keeps its ranges: below 4500 resume, from 4500 stop, except for two codes that time may heal", () => {
    const exceptions = rows.filter(([, { close, retry }]) => close !== null && close >= 4000 && close >= 4500 !== (retry === "stop")).map(([code]) => code);
    assert.deepEqual(exceptions, ["handshake_timeout", "too_many_links"]);
  });

  test("uses HTTP statuses that exist and are errors", () => {
    for (const [code, { http }] of rows) assert.ok(http === null || (http >= 400 && STATUS_CODES[http] !== undefined), `${code}: ${http}`);
  });

  test("does not tell the client to stop and the HTTP user to come back", () => {
    for (const [code, { http, retry }] of rows) if (http === 503) assert.notEqual(retry, "stop", code);
  });

  test("knows its own codes and no inherited name", () => {
    for (const [code] of rows) assert.ok(isCode(code));
    for (const text of ["constructor", "__proto__", "toString", "", "Draining", undefined, null, 1012]) assert.equal(isCode(text), false);
  });

  test("is what the names of its codes say to clients; a code that is unknown is for now only", () => {
    for (const [code, { retry }] of rows) assert.equal(retryOf(code), retry, code);
    assert.equal(retryOf("moon_phase" as Code), "backoff");
  });

  test("agrees with what clients make of bare close codes, but for 1000, which hops send too", () => {
    for (const [code, { close, retry }] of rows) if (close !== null && close !== 1000) assert.equal(retryOfClose(close), retry, code);
  });

  test("has four reasons for gaps", () => {
    assert.deepEqual(Object.keys(gapReasons), ["trimmed", "epoch", "ahead", "missing"]);
  });
});

interface CloseCase extends Case {
  readonly closeCode: number;
  readonly reason: string;
  readonly expect: { readonly code: string | null; readonly retry: string; readonly afterMs: number | null; readonly windowMs: number | null };
}
const { cases } = readVectors<{ cases: readonly CloseCase[] }>("closes.json");

/** A close as PROTOCOL.md says that a client reads it. */
function readClose(closeCode: number, reason: string): CloseCase["expect"] {
  let members: Record<string, unknown> = {};
  try {
    members = Object(JSON.parse(reason)) as Record<string, unknown>;
  } catch {
    // No JSON: no reason.
  }
  const duration = (value: unknown): number | null =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= limits.durationMsMax.value ? (value as number) : null;
  const { code } = members;
  const known = isCode(code) ? code : null;
  return {
    code: known,
    retry: known === null ? retryOfClose(closeCode) : codes[known].retry,
    afterMs: duration(members["afterMs"]),
    windowMs: duration(members["windowMs"]),
  };
}

suite("closes", () => {
  for (const { id, description, closeCode, reason, expect } of cases) {
    test(`${id}: ${description}`, () => {
      assert.deepEqual(readClose(closeCode, reason), expect);
      assert.ok(Buffer.byteLength(reason) <= 123);
    });
  }
});

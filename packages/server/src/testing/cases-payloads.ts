/**
 * Hostile payloads and keys: an engine stores bytes, looks at none of them, and gives the same ones back.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe } from "node:test";
import type { AppendEntry } from "../engine.ts";
import { type EngineSubject, engineCase } from "./subject.ts";

const texts: Readonly<Record<string, string>> = {
  "line breaks of every kind": '"a\\n"\n\r\r\n\u0085\u2028\u2029',
  "NUL and other controls": '"\u0000\u0001\u001f\u007f"\u0000',
  "a byte order mark": "\ufeff{}\ufeff",
  "numbers beyond 2^53": '{"n":9007199254740993,"m":1e999,"z":-0,"d":0.1000000000000000055511151231257827}',
  "duplicate keys": '{"a":1,"a":2,"__proto__":{"a":3},"constructor":4}',
  "deep nesting": `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
  "emoji, combining marks, right to left": "\u{1f468}\u200d\u{1f469}e\u0301\u202eabc",
  "what looks like SQL": "'); DROP TABLE log; --",
  "text that is not JSON": '{"open": ',
  nothing: "",
};

const bytes: Readonly<Record<string, Uint8Array>> = {
  "every byte value": Uint8Array.from({ length: 256 }, (_, i) => i),
  "bytes that are not UTF-8": Uint8Array.of(0xc0, 0x80, 0xed, 0xa0, 0x80, 0xff, 0xfe, 0xf8),
  "a view into a larger buffer": new Uint8Array(1_000).fill(7).subarray(100, 110),
  "no bytes": new Uint8Array(0),
  "a pooled Buffer": Buffer.from("pooled"),
  "a mebibyte": Uint8Array.from({ length: 1_048_576 }, (_, i) => (i * 31) & 255),
};

export function payloadCases(subject: EngineSubject): void {
  describe("payloads", () => {
    const entries: [string, AppendEntry][] = [
      ...Object.entries(texts).map(([what, text]): [string, AppendEntry] => [what, { format: "json", payload: Buffer.from(text) }]),
      ...Object.entries(bytes).map(([what, payload]): [string, AppendEntry] => [what, { format: "bytes", payload }]),
    ];

    engineCase(subject, "come back byte for byte, one by one, together, and live", async (run) => {
      await run.engine.listen("one");
      for (const [, entry] of entries) await run.try({ stream: "one", entries: [entry] });
      await run.try({ stream: "all", entries: entries.map(([, entry]) => entry) });
      const sent = entries.map(([what, { format, payload }]) => ({ what, format, bytes: payload.byteLength, digest: digest(payload) }));
      for (const stream of ["one", "all"]) {
        const got = (await run.log(stream)).map(({ format, payload }, i) => ({
          what: sent[i]?.what,
          format,
          bytes: payload.byteLength,
          digest: digest(payload),
        }));
        assert.deepEqual(got, sent);
      }
      const known = new Set(sent.map((entry) => entry.digest));
      for (const event of run.events) if (event.type === "appended") for (const { payload } of event.entries) assert.ok(known.has(digest(payload)));
      const head = await run.head("all");
      assert.equal(
        head.bytes,
        sent.reduce((sum, entry) => sum + entry.bytes, 0),
      );
    });

    if (subject.restart) {
      engineCase(subject, "come back byte for byte after a restart", async (run) => {
        await run.try({ stream: "all", entries: entries.map(([, entry]) => entry) });
        await run.restart();
        assert.deepEqual(
          (await run.log("all")).map(({ payload }) => digest(payload)),
          entries.map(([, { payload }]) => digest(payload)),
        );
      });
    }

    engineCase(subject, "keys, dedupe keys and producer ids keep their letters, and differ when their letters differ", async (run) => {
      // Three pairs that a careless comparison takes for equal: case, composition of an accent, and a trailing NUL.
      const names = ["k", "K", "\u00e9", "e\u0301", "a\u0000", "a", "\ufeffk", " k", "\u2028", "'", "0", "00", "\u{1f600}", "x".repeat(255)];
      for (const name of names) {
        const added = [
          await run.try({ stream: "keys", entries: [{ format: "json", payload: Buffer.from("1"), key: name }] }),
          await run.try({ stream: "keys", entries: [{ format: "json", payload: Buffer.from("2") }], dedupeKey: name }),
          await run.try({ stream: "keys", entries: [{ format: "json", payload: Buffer.from("3") }], producer: { id: name, epoch: 0, seq: 0 } }),
        ];
        for (const result of added) assert.ok(result.ok && !result.duplicate, `${JSON.stringify(name)} is its own`);
      }
      assert.deepEqual(
        (await run.log("keys")).map(({ key }) => key).filter((key) => key !== undefined),
        names,
      );
    });

    engineCase(subject, "large numbers of a producer are kept exactly", async (run) => {
      const epoch = Number.MAX_SAFE_INTEGER;
      const request = { stream: "a", entries: [{ format: "json" as const, payload: Buffer.from("1") }], producer: { id: "p", epoch, seq: 0 } };
      assert.equal((await run.try(request)).ok, true);
      const again = await run.try(request);
      assert.ok(again.ok && again.duplicate);
      const older = await run.try({ ...request, producer: { id: "p", epoch: epoch - 1, seq: 0 } });
      assert.ok(!older.ok && older.code === "fenced");
    });
  });
}

const digest = (payload: Uint8Array): string => createHash("sha256").update(payload).digest("hex");

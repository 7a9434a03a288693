/** The parser against the standard's rules: written once more here in the simplest way, on whole texts, and split at every place. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EventParser } from "../../src/socket/event-parser.ts";

interface Told {
  readonly events: string[];
  id: string;
  retryMs: number | null;
  isWhole: boolean;
}

function parse(pieces: readonly string[], max = 1_000_000, id = ""): Told {
  const told: Told = { events: [], id, retryMs: null, isWhole: true };
  const parser = new EventParser(id, max, {
    onEvent: ({ type, data, lastEventId }) => told.events.push(JSON.stringify([type, data, lastEventId])),
    onId: (lastEventId) => {
      told.id = lastEventId;
    },
    onRetry: (retryMs) => {
      told.retryMs = retryMs;
    },
  });
  for (const piece of pieces) told.isWhole &&= parser.feed(piece);
  return told;
}

/** The standard's algorithm, line by line over the whole text. */
function oracle(text: string): Pick<Told, "events" | "id" | "retryMs"> {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n");
  lines.pop(); // Without an end of its own, a line does not count.
  const told: Pick<Told, "events" | "id" | "retryMs"> = { events: [], id: "", retryMs: null };
  let [data, type, id] = ["", "", ""];
  for (const line of lines) {
    if (line === "") {
      told.id = id;
      if (data !== "") told.events.push(JSON.stringify([type === "" ? "message" : type, data.slice(0, -1), id]));
      [data, type] = ["", ""];
      continue;
    }
    const [, field, value = ""] = /^([^:]*)(?:: ?([\s\S]*))?$/.exec(line) as RegExpExecArray;
    if (field === "data") data += `${value}\n`;
    if (field === "event") type = value;
    if (field === "id" && !value.includes("\0")) id = value;
    if (field === "retry" && value !== "" && [...value].every((each) => "0123456789".includes(each))) told.retryMs = Number(value);
  }
  return told;
}

describe("the event stream format", () => {
  const cases: Record<string, string> = {
    "lines end in LF, CR or CR LF": "data: a\ndata: b\rdata: c\r\n\r\ndata: d\n\rdata: e\r\r",
    "a field without a colon has an empty value": "data\ndata\n\ndata\n\n",
    "one space after the colon is not part of the value": "data:  two\ndata:none\n\n",
    "a comment and an unknown field are nothing": ": beat\nfoo: bar\n:\ndata: x\n\n",
    "an id with NUL is ignored, an empty one counts": "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\n",
    "an id counts without data": "id: 7\n\n",
    "an unfinished event is nothing, its id neither": "id: 1\ndata: a\n\nid: 2\ndata: b\n",
    "the event's name holds for one event": "event: beat\ndata: 1\n\ndata: 2\n\n",
    "retry takes digits only": "retry: 10\nretry: 1e3\nretry: -5\nretry:\n\n",
    "colons in values stay": 'data: {"a":"b:c"}\n\n',
    "surrogates and line separators are text": "data: 😀\u2028\u0085\n\n",
  };
  for (const [name, text] of Object.entries(cases)) {
    test(`${name}, whole and cut anywhere`, () => {
      const wanted = oracle(text);
      for (let at = 0; at <= text.length; at++) {
        const { isWhole, ...told } = parse([text.slice(0, at), text.slice(at)]);
        assert.ok(isWhole);
        assert.deepEqual(told, wanted, `cut at ${at}`);
      }
      const { isWhole, ...told } = parse(["", ...(text.match(/[\s\S]/g) ?? []), ""]);
      assert.ok(isWhole);
      assert.deepEqual(told, wanted);
    });
  }

  test("any text in any pieces is what the standard makes of it", () => {
    const word = fc.constantFrom("data", "data:", "data: ", "id: 1", "id:", "event: x", "retry: 5", ":", " ", "a", "\0", "\n", "\r", "\r\n", "\n\n", "é");
    fc.assert(
      fc.property(
        fc.array(
          fc.array(word, { maxLength: 8 }).map((words) => words.join("")),
          { maxLength: 12 },
        ),
        (pieces) => {
          const { isWhole, ...told } = parse(pieces);
          assert.ok(isWhole);
          assert.deepEqual(told, oracle(pieces.join("")));
        },
      ),
    );
  });

  test("a new response goes on from the id of the last", () => {
    assert.deepEqual(parse(["data: a\n\n"], 100, "42").events, ['["message","a","42"]']);
  });

  test("an event above the limit is refused, as one line, as many, and without an end", () => {
    assert.equal(parse([`data: ${"x".repeat(100)}\n\n`], 50).isWhole, false);
    assert.equal(
      parse(
        Array.from({ length: 100 }, () => "data\n"),
        50,
      ).isWhole,
      false,
    );
    assert.equal(
      parse(
        Array.from({ length: 100 }, () => "x"),
        50,
      ).isWhole,
      false,
    );
    assert.equal(
      parse(
        Array.from({ length: 100 }, () => "data: 123456\n\n: comment\n"),
        50,
      ).isWhole,
      true,
    );
  });
});

/** The text for terminals: it fits into 80 columns, and says at the end what was survived and how to look further. */
import assert from "node:assert/strict";
import test from "node:test";
import { diagnose, drawComparison, drawFacts, drawFindings, type Facts, type IdleFact, outlook, wrap } from "@holdfast/doctor";
import fc from "fast-check";
import { known } from "../../src/facts.ts";
import { endWords, idleNames, movingNames } from "../../src/words.ts";
import { healthy, idleFact } from "../support/facts.ts";

const open = (fact: Partial<IdleFact>): IdleFact => idleFact({ atLeastMs: 66_700, atMostMs: null, how: null, by: null, ...fact });
const phases = { tcpMs: 10, tlsMs: 20, waitMs: 30, bodyMs: 1 };
const keepAlive = known({ reused: true, first: phases, second: phases, connection: null, keepAlive: null, announcedMs: 5_000, fault: null });

test("wrapped text has all its words in order, and only a word without a blank is wider than the terminal", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 30 }).filter((word) => !/\s/.test(word))), fc.integer({ min: 10, max: 90 }), (words, columns) => {
      const lines = wrap("  do: ", words.join(" "), columns);
      assert.deepEqual(lines.join(" ").split(/ +/).filter(Boolean), ["do:", ...words]);
      for (const line of lines) assert.ok(line.length <= columns || line.trim().replace("do: ", "").split(" ").length === 1, line);
    }),
  );
});

test("every table, finding and line fits into 80 columns", () => {
  const idle = (Object.keys(idleNames) as IdleFact["of"][]).flatMap((of) => [
    ...(Object.keys(endWords) as NonNullable<IdleFact["how"]>[]).map((how) => idleFact({ of, how, atLeastMs: 3_599_000, atMostMs: 3_601_000 })),
    ...(Object.keys(movingNames) as IdleFact["moving"][]).map((moving) => open({ of, moving })),
  ]);
  const controls = [{ of: "http2", beatMs: 1_000, ageMs: 3_600_000, ended: "rst_on_write", silentMs: 400, beats: 29, announced: true }] as const;
  const facts: Facts = {
    ...healthy,
    keepAlive,
    idle,
    controls,
    notMeasured: [{ what: "websocket: with to_server moving", why: "the time was over ".repeat(9) }],
  };
  const comparison = [
    { what: "WebSocket", declared: "1 min (edge, `proxy_read_timeout`, its default)", measured: "30 s", agrees: false, hop: "edge", knob: "x" },
  ];
  const text = drawFacts(facts) + drawComparison(comparison) + drawFindings(diagnose(facts, null), 80);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  assert.match(text, /PING of HTTP\/2 only/);
});

test("where nothing ended, it says for how long, which heartbeat that bears, and how to look further", () => {
  const lines = outlook({ ...healthy, idle: [open({}), open({ of: "http1", atLeastMs: 66_000 })] }).join("\n");
  assert.match(lines, /WebSocket 1 min 6\.7 s|WebSocket 66\.7 s/);
  assert.match(lines, /was not looked for/);
  assert.match(lines, /A heartbeat every 28 s/);
  assert.match(lines, /--max 6m30s/);
  assert.match(outlook({ ...healthy, maxMs: 390_000, idle: [open({})] }).join("\n"), /--max 65m/);
  assert.doesNotMatch(outlook({ ...healthy, maxMs: 7_200_000, idle: [open({})] }).join("\n"), /--max/);
});

test("no heartbeat is advised from less than it was seen to bear, nor beside a stream that ends", () => {
  const said = (...idle: IdleFact[]): string => outlook({ ...healthy, idle }).join("\n");
  assert.doesNotMatch(said(open({ atLeastMs: 1_000 })), /heartbeat/);
  assert.doesNotMatch(said(open({}), idleFact({ of: "event-stream", atLeastMs: 4_000, atMostMs: 4_500 })), /heartbeat/);
  assert.match(said(open({}), open({ of: "event-stream", atLeastMs: 30_000 })), /A heartbeat every 12 s/);
});

test("a URL that is no stream is said to be none, and an unreached one has nothing to look further at", () => {
  const webSocket = known({ url: "wss://example.com/", taken: false, status: 200, pongMs: null, beatMs: null });
  const eventStream = known({
    ...{ url: "https://example.com/", status: 200, contentType: null, is: false, firstByteMs: null, chunks: 0, longestPauseMs: null },
    signature: { known: false, why: "" },
  } as const);
  assert.match(outlook({ ...healthy, webSocket, eventStream }).join("\n"), /neither a WebSocket nor an event stream/);
  assert.deepEqual(outlook({ ...healthy, url: "wss://example.com/", webSocket, eventStream }), [], "a finding says it");
  assert.match(outlook({ ...healthy, tookMs: 5_000, notMeasured: [{ what: "tcp", why: "x" }] }).join("\n"), /nothing is known of any idle timer/);
  assert.deepEqual(outlook({ ...healthy, http: { known: false, why: "x" }, idle: [open({})] }), []);
});

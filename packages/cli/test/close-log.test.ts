import assert from "node:assert/strict";
import { test } from "node:test";
import { humanLogger, jsonLogger } from "../src/serve/close-log.ts";
import { humanLine, type LogEvent } from "../src/serve/log-line.ts";

const facts = { connection: "abc123", peer: "192.0.2.7:50000", subject: "ann\x1b[2J\n\u202e", code: "ping_flood", ageMs: 5 };

test("a line for programs has the shape of the others, and its level", () => {
  const lines: string[] = [];
  const logger = jsonLogger(
    (line) => lines.push(line),
    () => 1_000,
  );
  logger.warn(facts, "closed");
  logger.info({ code: "peer_closed" }, "closed");
  assert.equal(lines.length, 2);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), { level: "warn", timeMs: 1_000, ...facts, event: "closed" });
  assert.deepEqual(JSON.parse(lines[1] ?? ""), { level: "info", timeMs: 1_000, code: "peer_closed", event: "closed" });
  assert.doesNotMatch((lines[0] ?? "").slice(0, -1), /[\p{Cc}\u202e]/u);
  assert.ok(lines.every((line) => line.endsWith("}\n")));
});

test("a line for people is one of theirs", () => {
  const events: LogEvent[] = [];
  humanLogger((event) => events.push(event)).warn(facts, "closed");
  const line = humanLine(events[0] ?? assert.fail(), 0);
  assert.match(line, /^00:00:00\.000 closed connection=abc123 peer=192\.0\.2\.7:50000 subject=".*" code=ping_flood ageMs=5\n$/);
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u202e]/u);
});

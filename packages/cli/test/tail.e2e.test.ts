import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { endAll, folder, kill, numbered, run, serve, start } from "./support/processes.ts";

const cwd = folder();
const env = { HOLDFAST_URL: "" };
const holdfast = (words: string[], input: string | Uint8Array = "") => run(words, { env, cwd, input });

before(async () => {
  writeFileSync(join(cwd, "holdfast.json"), JSON.stringify({ streams: [{ pattern: "short/*", entriesMax: 5 }], retentionPassMs: 20 }));
  const server = await serve(["--port", "0", "--engine", "memory", "--no-vitals"], { cwd });
  env.HOLDFAST_URL = server.url;
});
after(endAll);

test("JSON is printed exactly as it was published, bytes as base64", async () => {
  const entry = '{"n":123456789012345678901234567890,"n":1.0}';
  await holdfast(["publish", "raw", entry, "--format", "json", "--key", "k"]);
  await holdfast(["publish", "raw", "--format", "bytes"], Uint8Array.of(0xff, 0x00));
  const { stdout } = await holdfast(["tail", "raw", "--from", "start", "--count", "2"]);
  assert.equal(stdout, `${entry}\n{"base64":"/wA="}\n`);
  const object = JSON.parse((await holdfast(["tail", "raw", "--from", "last:2", "--count", "1", "--json"])).stdout);
  assert.deepEqual([object.stream, object.key, Object.keys(object)], ["raw", "k", ["stream", "position", "timeMs", "key", "data"]]);
});

test("a stream ends for its readers, and takes no more", async () => {
  const tail = start(["tail", "answer", "--from", "start", "--json", "--until-closed"], { env });
  assert.equal((await holdfast(["publish", "answer", "a", "b", "--close"])).code, 0);
  const { code, stdout } = await tail.ended;
  assert.equal(code, 0);
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([objects.length, objects[2]], [3, { stream: "answer", closed: { position: objects[1].position } }]);
  const refused = await holdfast(["publish", "answer", "c"]);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /DATA 1: \[stream_closed\]/);
});

test("a gap is told, in JSON too, and can be the exit", async () => {
  // The stream must have had no readers: what is still in the server's memory would be delivered, removed by retention or not.
  const { position } = JSON.parse((await holdfast(["publish", "short/a", "0", "--json"])).stdout);
  await holdfast(["publish", "short/a"], numbered(1, 40));
  const trimmed = start(["streams", "short/", "--json", "--watch"], { env });
  await trimmed.until(() => trimmed.lines().some((line) => JSON.parse(line).entries === 5), "retention has removed entries");
  await kill(trimmed);
  const going = await holdfast(["tail", "short/a", "--from", position, "--count", "5", "--json"]);
  assert.equal(going.code, 0);
  assert.match(going.stderr, /gap in short\/a \(trimmed\)/);
  const [gap, ...entries] = going.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([gap.gap.reason, gap.gap.from, entries.length, entries.at(-1).data], ["trimmed", position, 5, "line 39"]);
  // A run that fails at a gap stands before it: the next one meets it again.
  const words = ["tail", "short/a", "--from", position, "--fail-on-gap", "--count", "1", "--save", "gap.place"];
  for (const failing of [await holdfast(words), await holdfast(words)]) assert.deepEqual([failing.code, failing.stdout], [5, ""]);
});

test("a saved place is gone on from, whether the run ended well or was killed", async () => {
  await holdfast(["publish", "places"], numbered(0, 2_000));
  const words = ["tail", "places", "--from", "start", "--format", "text", "--save", "place"];
  const first = await holdfast([...words, "--count", "500"]);
  assert.equal(first.stdout, numbered(0, 500));
  const second = start(words, { env, cwd });
  await second.until(() => second.lines().length > 700, "some lines are printed");
  const killed = (await kill(second)).stdout.split("\n").slice(0, -1);
  assert.equal(killed[0], "line 500");
  const third = start(words, { env, cwd });
  await third.until(() => third.lines().at(-1) === "line 1999" || killed.length === 1_500, "the rest is printed");
  const rest = (await kill(third)).stdout.split("\n").slice(0, -1);
  // None is left out; some may come twice.
  const next = rest.length === 0 ? 2_000 : Number((rest[0] as string).slice(5));
  assert.ok(next <= 500 + killed.length, `goes on at ${next} after ${killed.length} lines`);
  assert.deepEqual(rest, numbered(next, 2_000).split("\n").slice(0, -1));
  writeFileSync(join(cwd, "place"), "");
  const damaged = await holdfast(words);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /not a file that tail --save wrote/);
});

test("a run killed before its first entry does not begin later the next time", async () => {
  const words = ["tail", "later", "--save", "later.place", "--count", "1", "--json"];
  const waiting = start(words, { env, cwd });
  await waiting.until(() => {
    try {
      return readFileSync(join(cwd, "later.place"), "utf8").includes("later");
    } catch {
      return false;
    }
  }, "the place where reading begins is kept");
  await kill(waiting);
  await holdfast(["publish", "later", "in between"]);
  assert.equal(JSON.parse((await holdfast(words)).stdout).data, "in between");
});

test("a reader of stdout that goes away ends tail quietly", async () => {
  await holdfast(["publish", "pipe"], numbered(0, 3_000));
  const tail = start(["tail", "pipe", "--from", "start"], { env });
  await tail.until(() => tail.lines().length > 0, "the first line");
  tail.child.stdout?.destroy();
  await holdfast(["publish", "pipe", "one more"]);
  const { code, stderr } = await tail.ended;
  assert.deepEqual([code, stderr], [0, ""]);
});

test("several streams are told apart", async () => {
  await holdfast(["publish", "two/a", "1"]);
  await holdfast(["publish", "two/b", "2"]);
  const { stdout } = await holdfast(["tail", "two/a", "two/b", "--from", "start", "--count", "2"]);
  assert.deepEqual(stdout.trimEnd().split("\n").sort(), ['two/a: "1"', 'two/b: "2"']);
  // Lines that a pipe cannot take at once: the others come while the last one is being written.
  for (const stream of ["big/a", "big/b", "big/c"]) await holdfast(["publish", stream], "x".repeat(250_000));
  const counted = await holdfast(["tail", "big/a", "big/b", "big/c", "--from", "start", "--count", "1"]);
  assert.equal(counted.stdout.trimEnd().split("\n").length, 1, "the count is of all streams together");
});

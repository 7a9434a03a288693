import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { endAll, folder, numbered, run, serve, start } from "./support/processes.ts";

const cwd = folder();
const env = { HOLDFAST_URL: "" };
const holdfast = (words: string[], input: string | Uint8Array = "") => run(words, { env, cwd, input });

before(async () => {
  const server = await serve(["--port", "0", "--engine", "memory", "--no-vitals"], { cwd });
  env.HOLDFAST_URL = server.url;
});
after(endAll);

test("hostile lines come back as they were", async () => {
  const lines = ["", " a ", "\ufeffmark", "a\u2028b\0c\r", '"quoted"', "{}", "\x1b[2J", "👍", "x".repeat(200_000)];
  assert.equal((await holdfast(["publish", "hostile"], lines.join("\n"))).code, 0);
  const text = await holdfast(["tail", "hostile", "--from", "start", "--format", "text", "--count", String(lines.length)]);
  assert.equal(text.stdout, `${lines.join("\n")}\n`);
  const json = await holdfast(["tail", "hostile", "--from", "start", "--count", String(lines.length)]);
  assert.deepEqual(
    json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
    lines,
  );
});

test("lines that cannot be entries are named, the others are published, and the exit says it", async () => {
  const ended = await holdfast(["publish", "picky", "--format", "json", "--json"], `1\nnonsense\n${"[".repeat(100)}\n"${"x".repeat(300_000)}"\n2\n`);
  assert.equal(ended.code, 6);
  for (const line of [2, 3, 4]) assert.match(ended.stderr, new RegExp(`^holdfast publish: line ${line}: `, "m"));
  assert.deepEqual(JSON.parse(ended.stdout).published, 2);
  assert.equal((await holdfast(["tail", "picky", "--from", "start", "--count", "2"])).stdout, "1\n2\n");
});

test("a refusal ends a publish whose input stays open", async () => {
  await holdfast(["publish", "over", "--close"]);
  const publish = start(["publish", "over"], { env });
  publish.child.stdin?.write("a\n");
  const { code, stderr } = await publish.ended;
  assert.equal(code, 4);
  assert.match(stderr, /line 1: \[stream_closed\]/);
});

test("the same producer's input again adds nothing, nor does a dedupe key", async () => {
  for (const duplicates of [0, 20]) {
    const { stdout } = await holdfast(["publish", "import", "--producer", "job-7", "--json"], numbered(0, 20));
    assert.deepEqual([JSON.parse(stdout).published, JSON.parse(stdout).duplicates], [20, duplicates]);
  }
  for (const duplicates of [0, 1]) {
    const { stdout } = await holdfast(["publish", "import", "x", "--dedupe-key", "d", "--json"]);
    assert.equal(JSON.parse(stdout).duplicates, duplicates);
  }
  assert.equal(JSON.parse((await holdfast(["streams", "import", "--json"])).stdout).entries, 21);
});

test("an interrupted publish has its answers before it ends with 130", async () => {
  const publish = start(["publish", "interrupted", "--json"], { env });
  publish.child.stdin?.write("a\nb\nhalf a line");
  const watch = start(["tail", "interrupted", "--from", "start", "--count", "2"], { env });
  assert.equal((await watch.ended).code, 0);
  publish.child.kill("SIGINT");
  const { code, stdout } = await publish.ended;
  assert.deepEqual([code, JSON.parse(stdout).published], [130, 2]);
});

test("streams lists what is there, as a table and as JSON, by prefix", async () => {
  for (const stream of ["table/a", "table/b", "other"]) await holdfast(["publish", stream, "1"]);
  const table = (await holdfast(["streams", "table/"])).stdout;
  assert.match(table, /^stream +head +first +entries +bytes +readers\ntable\/a .* 1 +3 B +0\ntable\/b .*\n$/);
  const rows = (await holdfast(["streams", "--json"])).stdout.trimEnd().split("\n");
  const names = rows.map((row) => JSON.parse(row).stream);
  for (const stream of ["other", "table/a", "table/b"]) assert.ok(names.includes(stream), stream);
  assert.equal((await holdfast(["streams", "none/"])).stdout, "no streams\n");
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, test } from "node:test";
import { endAll, folder, kill, numbered, run, serve, start } from "./support/processes.ts";

after(endAll);

test("10,000 lines go through a server that is killed twice: tail prints exactly these, in order", async () => {
  const cwd = folder();
  const flags = ["--no-vitals", "--data", "data"];
  let server = await serve(["--port", "0", ...flags], { cwd });
  const { url, port } = server;
  const tail = start(["tail", "logs/app", "--from", "start", "--format", "text", "--count", "10000", "--url", url]);
  const publish = start(["publish", "logs/app", "--url", url, "--json"]);
  const feed = (from: number, to: number): void => void publish.child.stdin?.write(numbered(from, to));
  const printed = (count: number): Promise<void> => tail.until(() => tail.lines().length >= count, `${count} lines printed`);
  // What is fed in the same turn as the kill cannot all be answered before it: the crash comes in mid-stream on any machine.
  const crashWhileFeeding = async (from: number, to: number): Promise<void> => {
    feed(from, to);
    await kill(server);
    assert.ok(tail.lines().length < to);
    server = await serve(["--port", port, ...flags], { cwd });
  };
  feed(0, 2_000);
  await printed(500);
  await crashWhileFeeding(2_000, 4_000);
  feed(4_000, 6_000);
  await printed(4_500);
  await crashWhileFeeding(6_000, 8_000);
  feed(8_000, 10_000);
  publish.child.stdin?.end();
  const [published, tailed] = await Promise.all([publish.ended, tail.ended]);
  assert.deepEqual([published.code, tailed.code], [0, 0], published.stderr + tailed.stderr);
  assert.equal(tailed.stdout, numbered(0, 10_000));
  const { read, published: count, refused, unknown } = JSON.parse(published.stdout);
  assert.deepEqual([read, count, refused, unknown], [10_000, 10_000, 0, 0]);
  const { stdout } = await run(["streams", "--json", "--url", url]);
  assert.equal(JSON.parse(stdout).entries, 10_000);
  await kill(server);
});

test("a graceful restart moves a tail over without a word on stdout", async () => {
  const cwd = folder();
  const flags = ["--no-vitals", "--data", "data", "--drain-ms", "500"];
  const first = await serve(["--port", "0", ...flags], { cwd });
  const env = { HOLDFAST_URL: first.url };
  const tail = start(["tail", "moving", "--from", "start", "--format", "text", "--count", "2", "-v"], { env });
  await run(["publish", "moving", "before"], { env });
  await tail.until(() => tail.lines().length === 1, "the first line");
  first.child.kill("SIGTERM");
  assert.equal((await first.ended).code, 0);
  const second = await serve(["--port", first.port, ...flags], { cwd });
  await run(["publish", "moving", "after"], { env });
  const { code, stdout, stderr } = await tail.ended;
  assert.deepEqual([code, stdout], [0, "before\nafter\n"]);
  assert.match(stderr, /^holdfast tail: offline: /m);
  await kill(second);
});

test("without a server every command says so and ends with 3", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const url = `http://127.0.0.1:${(taken.address() as AddressInfo).port}`;
  taken.close();
  await once(taken, "close");
  const cases = await Promise.all([
    run(["streams", "--url", url]),
    run(["tail", "a", "--connect-ms", "300", "--url", url]),
    run(["publish", "a", "x", "--connect-ms", "300", "--url", url]),
  ]);
  for (const { code, stderr } of cases) {
    assert.equal(code, 3, stderr);
    assert.match(stderr, /cannot reach http:\/\/127\.0\.0\.1:\d+.*ECONNREFUSED/);
  }
  assert.match((cases[2] as { stderr: string }).stderr, /1 not sent/);
});

// Lines over real sockets: a cut in one is not felt in another, and none outlives its time.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { openProxy } from "@holdfast/lab";
import { type LineFacts, Lines, lineLimits } from "../src/page/lines.ts";

let port = 0;
const server = createServer((_, response) => response.end("hello"));
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  port = (server.address() as { port: number }).port;
});
after(() => void server.close());

let nowMs = 0;
let timers: (() => void)[] = [];
const clock = {
  monoMs: () => nowMs,
  wallMs: () => nowMs,
  after: (_: number, call: () => void) => {
    timers.push(call);
    return { cancel: () => (timers = timers.filter((each) => each !== call)) };
  },
};
let ids = 0;
const newLines = (): Lines => new Lines({ clock, target: { host: "127.0.0.1", port }, newId: () => `line${++ids}` });
const opened = (facts: LineFacts | null): LineFacts => facts ?? assert.fail("no line");
const ask = async ({ port: at }: LineFacts): Promise<string> =>
  await fetch(`http://127.0.0.1:${at}/`, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.text(),
    () => "nothing",
  );

test("a line carries, a cut is felt on its own line alone, and mending undoes it", async () => {
  const lines = newLines();
  const [one, two] = [opened(await lines.open(null)), opened(await lines.open(null))];
  assert.deepEqual([await ask(one), await ask(two)], ["hello", "hello"]);
  assert.deepEqual(lines.cut(one.id, "unplug")?.cuts, ["unplug"]);
  assert.deepEqual(lines.cut(one.id, "unplug")?.cuts, ["unplug"]);
  assert.deepEqual([await ask(one), await ask(two)], ["nothing", "hello"]);
  assert.deepEqual((await lines.mend(one.id))?.cuts, []);
  assert.equal(await ask(one), "hello");
  await lines.close();
  assert.deepEqual([await ask(one), lines.facts(one.id)], ["nothing", null]);
});

test("a black hole takes the connections of now, leaves them open, and counts what it swallowed", async () => {
  const lines = newLines();
  const line = opened(await lines.open(null));
  const socket = (await import("node:net")).connect(line.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  let ended = false;
  socket.on("close", () => (ended = true));
  while (lines.facts(line.id)?.connections !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(lines.cut(line.id, "black-hole")?.dark, 0);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const endMs = performance.now() + 5_000;
  while (lines.facts(line.id)?.dark !== 1) {
    assert.ok(performance.now() < endMs, JSON.stringify(lines.facts(line.id)));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(lines.facts(line.id)?.swallowedBytes, 27);
  assert.equal(await ask(line), "hello");
  assert.equal(ended, false);
  lines.cut(line.id, "reset");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("close", resolve));
  await lines.close();
});

test("a port is given again when it is free, and another one when it is not", async () => {
  const lines = newLines();
  const first = opened(await lines.open(null));
  await lines.close();
  const again = newLines();
  const same = opened(await again.open(first.port));
  assert.equal(same.port, first.port);
  const other = opened(await again.open(first.port));
  assert.notEqual(other.port, first.port);
  await again.close();
});

test("there are never more than `linesMax`: the one that was silent for the longest time goes; idle ones go by themselves", async () => {
  const closed: number[] = [];
  const open: typeof openProxy = async (options) => {
    const proxy = await openProxy(options);
    return new Proxy(proxy, {
      get: (target, name) => {
        if (name === "close") closed.push(target.port);
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  };
  const lines = new Lines({ clock, target: { host: "127.0.0.1", port }, newId: () => `line${++ids}`, open });
  const all: LineFacts[] = [];
  for (let i = 0; i < lineLimits.linesMax; i++) {
    nowMs++;
    all.push(opened(await lines.open(null)));
  }
  lines.facts((all[0] as LineFacts).id);
  await lines.open(null);
  assert.deepEqual([lines.count, closed], [lineLimits.linesMax, [all[1]?.port]]);
  nowMs += lineLimits.idleMs + 1;
  lines.facts((all[0] as LineFacts).id);
  for (const call of timers.splice(0)) call();
  assert.deepEqual([lines.count, lines.facts((all[2] as LineFacts).id)], [1, null]);
  await lines.close();
});

/**
 * A process with a SQLite engine, for tests that delay, break or kill it. Says each thing on a line of its own, as JSON,
 * with a write of its own, so that what was said before a kill has been said.
 *
 *   durability-child.ts PATH serial COUNT BYTES    one append after the other, then a read, then an orderly stop
 *   durability-child.ts PATH burst COUNT BYTES     all appends at once, then the same
 *   durability-child.ts PATH forever NAME          eight producers, each one append after the other, until killed
 */
import { writeSync } from "node:fs";
import { nodeEnv } from "@holdfast/guard";
import type { AppendResult } from "../../src/engine.ts";
import { sqliteEngine } from "../../src/engines/index.ts";

const [path = "", mode = "", third = "", fourth = "0"] = process.argv.slice(2);
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes a whole line, however slowly it is read. */
function say(line: unknown): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const engine = sqliteEngine({ env: nodeEnv, path });
try {
  await engine.start();
} catch (error) {
  say({ type: "refused", message: String(error) });
  process.exit(3);
}
say({ type: "started" });

async function append(text: string, producer: string, seq: number, padding: number): Promise<AppendResult | undefined> {
  const fromMs = performance.now();
  const payload = Buffer.from(JSON.stringify(text).padEnd(padding));
  const [result] = await engine.append([{ stream: "a", entries: [{ format: "json", payload }], producer: { id: producer, epoch: 1, seq } }]);
  say({ type: "answered", text, ms: performance.now() - fromMs, ok: result?.ok === true, code: result?.ok === false ? result.code : null });
  return result;
}

if (mode === "forever") {
  for (let worker = 0; worker < 8; worker++) {
    const producer = `${third}.${worker}`;
    void (async () => {
      for (let seq = 0; ; seq++) await append(`${producer}.${seq}`, producer, seq, 0);
    })();
  }
} else {
  const count = Number(third);
  const padding = Number(fourth);
  if (mode === "burst") await Promise.all(Array.from({ length: count }, (_, i) => append(`${i}`, `p${i}`, 0, padding)));
  // A refused request does not count: the producer repeats it.
  let seq = 0;
  for (let i = 0; mode === "serial" && i < count; i++) if ((await append(`${i}`, "p", seq, padding))?.ok === true) seq++;
  const texts: string[] = [];
  for (let afterSeq = 0, more = true; more; ) {
    const page = await engine.read("a", { from: { afterSeq }, entriesMax: 500, bytesMax: 10_000_000 });
    texts.push(...page.entries.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as string));
    afterSeq = page.entries.at(-1)?.seq ?? afterSeq;
    more = page.more;
  }
  say({ type: "read", texts, health: engine.health().state });
  await engine.stop();
  say({ type: "stopped" });
}

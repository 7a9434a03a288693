/** Changes are told together, once each; and also where no frame is ever drawn. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { offNextFrame, onNextFrame } from "../../../src/react/adapters/frames.ts";

test("a call that is asked for a thousand times is made once, together with others, and never when it was taken back", async () => {
  const told: string[] = [];
  const a = (): void => void told.push("a");
  const b = (): void => void told.push("b");
  const c = (): void => void told.push("c");
  await new Promise<void>((resolve) => {
    onNextFrame(c);
    for (let i = 0; i < 1_000; i++) onNextFrame(a);
    onNextFrame(b);
    onNextFrame(resolve);
    offNextFrame(c);
    assert.deepEqual(told, [], "not before the next task");
  });
  assert.deepEqual(told, ["a", "b"]);
});

test("what is asked for during a frame is told with the next one", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    onNextFrame(() => {
      order.push("first");
      onNextFrame(() => {
        order.push("second");
        resolve();
      });
    });
    onNextFrame(() => void order.push("same frame"));
  });
  assert.deepEqual(order, ["first", "same frame", "second"]);
});

// In a process of its own, because the module takes the platform as it finds it.
const platform = (frameMs: number | null): string => `
  let taken = 0;
  globalThis.requestAnimationFrame = (call) => { ${frameMs === null ? "return 7;" : `return setTimeout(call, ${frameMs});`} };
  globalThis.cancelAnimationFrame = (frame) => { taken++; clearTimeout(frame); };
  const { onNextFrame } = await import(${JSON.stringify(new URL("../../../src/react/adapters/frames.ts", import.meta.url).href)});
  let calls = 0;
  onNextFrame(() => { calls++; });
  await new Promise((resolve) => setTimeout(resolve, 400));
  process.stdout.write(JSON.stringify({ calls, taken }));
`;
const run = (frameMs: number | null): unknown =>
  JSON.parse(
    spawnSync(process.execPath, [...process.execArgv.filter((flag) => !flag.startsWith("--test")), "--input-type=module", "--eval", platform(frameMs)], {
      encoding: "utf8",
    }).stdout,
  );

test("where frames are drawn a call is made with the frame, and no second time by the clock", () => {
  assert.deepEqual(run(5), { calls: 1, taken: 0 });
});

test("where a page is hidden and no frame comes, a call is made all the same", () => {
  assert.deepEqual(run(null), { calls: 1, taken: 1 });
});

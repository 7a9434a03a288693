import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Pipe, type PipeRules } from "../../net/pipe.ts";
import { frameOf, kinds, Unframer } from "../../net/wire.ts";
import { Random } from "../../random.ts";
import { Scheduler } from "../../scheduler.ts";
import { SimProcess } from "../../sim-process.ts";

interface Scene {
  readonly scheduler: Scheduler;
  readonly pipe: Pipe;
  readonly got: () => Buffer;
  readonly seen: string[];
  blocked: boolean;
}

function scene(seed: number, rules: PipeRules): Scene {
  const scheduler = new Scheduler();
  const random = Random.ofSeed(seed);
  const chunks: Uint8Array[] = [];
  const seen: string[] = [];
  const state = { blocked: false };
  const way = { delayMs: () => 1 + random.fraction() * 5, blocked: () => state.blocked, acksBlocked: () => state.blocked };
  const pipe = new Pipe(scheduler, random.fork("pipe"), rules, way, {
    reader: new SimProcess("reader", scheduler, random.fork("reader")),
    arrived: (bytes) => chunks.push(bytes),
    ended: (how) => seen.push(how),
    drained: () => seen.push("drained"),
  });
  return {
    scheduler,
    pipe,
    got: () => Buffer.concat(chunks),
    seen,
    get blocked() {
      return state.blocked;
    },
    set blocked(value) {
      state.blocked = value;
      if (!value) pipe.poke();
    },
  };
}

const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i % 251));
const small: PipeRules = { windowBytes: 100, segmentBytesMax: 30 };

describe("a pipe", () => {
  it("brings every byte in order, whatever the sizes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 }), async (seed, sizes) => {
        const { scheduler, pipe, got, seen } = scene(seed, small);
        const sent = sizes.map((size, i) => bytesOf(size).fill(i, 0, Math.min(size, 3)));
        for (const [i, bytes] of sent.entries()) scheduler.at(i * 3, () => pipe.write(bytes));
        scheduler.at(40, () => pipe.end());
        await scheduler.run(5_000);
        assert.ok(got().equals(Buffer.concat(sent)));
        assert.equal(seen.at(-1), "fin");
        assert.equal(pipe.queuedBytes, 0);
      }),
      { numRuns: 60 },
    );
  });

  it("holds back what the window does not take, and says when it has gone", async () => {
    const { scheduler, pipe, got, seen } = scene(1, small);
    pipe.pause(true);
    pipe.write(bytesOf(250));
    assert.equal(pipe.queuedBytes, 150);
    await scheduler.run(1_000);
    assert.deepEqual([pipe.queuedBytes, got().length, seen], [150, 0, []]);
    pipe.pause(false);
    await scheduler.run(2_000);
    assert.deepEqual([pipe.queuedBytes, got().length, seen], [0, 250, ["drained"]]);
  });

  it("is cut at exactly the byte", async () => {
    for (const at of [0, 1, 29, 30, 31, 99, 249]) {
      const { scheduler, pipe, got } = scene(at, small);
      let cut = 0;
      pipe.cutAfter(at, () => {
        cut++;
        pipe.choke();
      });
      pipe.write(bytesOf(250));
      await scheduler.run(1_000);
      assert.deepEqual([got().length, cut], [at, 1]);
    }
  });

  it("keeps what is sent into a hole, and brings it when the hole is gone", async () => {
    const scene1 = scene(1, small);
    scene1.blocked = true;
    scene1.pipe.write(bytesOf(150));
    await scene1.scheduler.run(1_000);
    assert.equal(scene1.got().length, 0);
    scene1.blocked = false;
    await scene1.scheduler.run(2_000);
    assert.equal(scene1.got().length, 150);
  });

  it("loses what is queued when it is reset, and tells the reader after what was under way", async () => {
    const { scheduler, pipe, got, seen } = scene(1, small);
    pipe.write(bytesOf(250));
    pipe.reset();
    await scheduler.run(1_000);
    assert.deepEqual([got().length, seen], [100, ["reset"]]);
  });
});

describe("messages of the simulated wire", () => {
  it("come out whole, split at every byte", () => {
    const bytes = Buffer.concat([frameOf(kinds.text, "{}"), frameOf(kinds.close, "é\u2028"), frameOf(kinds.text, "")]);
    for (let at = 0; at <= bytes.length; at++) {
      const texts: string[] = [];
      const unframer = new Unframer((kind, text) => texts.push(`${kind} ${text}`));
      unframer.push(bytes.subarray(0, at));
      unframer.push(bytes.subarray(at));
      assert.deepEqual(texts, ["2 {}", "3 é\u2028", "2 "]);
      assert.equal(unframer.pendingBytes, 0);
    }
  });
});

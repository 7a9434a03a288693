/**
 * A Durable Streams server over SSE, followed exactly. Its events carry no id: the position is in the `control` event after the data, so the address
 * of the next dial is made from the last `streamNextOffset`, and data whose `control` never came is let go of, for it will come again.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DurableStreamTestServer } from "@durable-streams/server";
import { ReliableEventSource } from "@holdfast/client/socket";
import { Middlebox } from "./support/middlebox.ts";
import { until } from "./support/servers.ts";

/** The recipe of docs/socket.md. */
function follow(stream: string, take: (items: readonly number[]) => void): ReliableEventSource {
  let offset = "-1";
  let pending: number[] = [];
  const source = new ReliableEventSource(() => `${stream}?offset=${offset}&live=sse`, {
    silenceMs: 1_000,
    ackMs: 200,
    backoffCapMs: 50,
    onReconnect: () => {
      pending = [];
    },
  });
  source.addEventListener("data", (event) => pending.push(...JSON.parse((event as MessageEvent).data)));
  source.addEventListener("control", (event) => {
    take(pending);
    pending = [];
    offset = JSON.parse((event as MessageEvent).data).streamNextOffset;
  });
  return source;
}

/** A server, a proxy before it and a reader behind that. */
async function scene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const server = new DurableStreamTestServer({ port: 0, longPollTimeout: 400 });
  const { hostname: host, port } = new URL(await server.start());
  await using proxy = await Middlebox.before(Number(port));
  const stream = `http://${host}:${port}/v1/stream/s`;
  await fetch(stream, { method: "PUT", headers: { "Content-Type": "application/json" } });
  const seen: number[] = [];
  const source = follow(proxy.url("/v1/stream/s"), (items) => seen.push(...items));
  let n = 0;
  const append = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const { ok } = await fetch(stream, { method: "POST", headers: { "Content-Type": "application/json" }, body: String(++n) });
      assert.ok(ok);
    }
  };
  const caughtUp = async (): Promise<void> => {
    await until(`${n} items`, () => seen.length >= n, 15_000);
    assert.deepEqual(
      seen,
      Array.from({ length: n }, (_, i) => i + 1),
    );
  };
  try {
    await act({ proxy, source, append, caughtUp });
  } finally {
    source.close();
    await server.stop();
  }
}

interface Scene {
  readonly proxy: Middlebox;
  readonly source: ReliableEventSource;
  append(count: number): Promise<void>;
  caughtUp(): Promise<void>;
}

describe("a Durable Streams server", () => {
  test("is followed exactly through resets, at any byte", async () => {
    await scene(async ({ proxy, append, caughtUp }) => {
      await append(3);
      await caughtUp();
      for (const afterBytes of [130, 200, 290, 340, 420, 600]) {
        const before = proxy.closed;
        proxy.resetsAfterBytes = () => afterBytes;
        proxy.resetOpen();
        await append(4);
        await until("some resets", () => proxy.closed >= before + 2);
        proxy.resetsAfterBytes = () => Number.POSITIVE_INFINITY;
        await caughtUp();
      }
      assert.ok(proxy.closed >= 3, `${proxy.closed} connections ended`);
    });
  });

  test("is followed exactly through a black hole, which is noticed within the silence", async () => {
    await scene(async ({ proxy, source, append, caughtUp }) => {
      await append(3);
      await caughtUp();
      // The server's own beat, a control event every 400 ms, keeps the link.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.equal(source.status.getSnapshot().state, "live");
      const holeMs = performance.now();
      proxy.swallowOpen("both");
      await append(5);
      await until("the loss is known", () => source.status.getSnapshot().code === "heartbeat_lost");
      assert.ok(performance.now() - holeMs < 2_000);
      await caughtUp();
    });
  });
});

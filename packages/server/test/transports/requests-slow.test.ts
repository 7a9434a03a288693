import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RawHttp } from "../../../../scripts/test-support/raw-http.ts";
import { Follower, type Kind } from "../support/follower.ts";
import { getSse, linkBody, linkRequest } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

async function until(fact: () => boolean, what: () => string, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact()) {
    assert.ok(performance.now() < deadline, what());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Appends from inside, as fast as the hub takes it. */
async function publish(test: TestServer, stream: string, count: number, bytes: number): Promise<void> {
  const payload = Buffer.from(`"${"x".repeat(bytes)}"`);
  for (let i = 0; i < count; i += 50) {
    const entries = Array.from({ length: Math.min(50, count - i) }, () => ({ format: "json" as const, payload }));
    assert.ok((await test.server.hub.append({ stream, entries })).ok);
  }
}

describe("readers that do not read", () => {
  it("hold one flush each, however much is published", async () => {
    const test = await testServer({ heartbeatMs: 60_000 });
    const readers = await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? getSse(test.port, "stream=s") : open(test, "/v1/sse"))));
    for (const reader of readers) {
      await reader.until(() => reader.text.includes('"subscribed"'));
      reader.socket.pause();
    }
    // Until the kernel takes no more of it, what is delivered says nothing of memory.
    const { counters } = test.server.hub;
    let delivered = -1;
    while (counters.deliveredBytes !== delivered) {
      delivered = counters.deliveredBytes;
      await publish(test, "s", 50, 20_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const before = process.memoryUsage().arrayBuffers;
    await publish(test, "s", 500, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(counters.deliveredBytes, delivered, "nothing is written to who takes nothing");
    const grewBytes = process.memoryUsage().arrayBuffers - before;
    // The log itself holds the 10 MB that were published, the tail its megabyte; a queue per reader would hold a gigabyte.
    assert.ok(grewBytes < 40_000_000, `${grewBytes} bytes`);
    for (const reader of readers) reader.destroy();
    await until(
      () => test.server.stats().links === 0,
      () => "links left",
    );
    await test.stop();
  });
});

describe("readers that take nothing for too long", { concurrency: 3 }, () => {
  for (const path of ["get", "/v1/sse", "/v1/poll"] as const) {
    it(`are let go after stallMs (${path})`, async () => {
      const test = await testServer({ heartbeatMs: 100, stallMs: 300, pollBytesMax: 100_000_000, pollLingerMs: 60_000 });
      await publish(test, "s", 1_000, 20_000);
      const reader = path === "get" ? await getSse(test.port, "stream=s&after=first") : await open(test, path, "first");
      await reader.until(() => reader.response !== undefined);
      reader.socket.pause();
      await until(
        () => test.server.hub.counters.closed.get("slow_consumer") === 1,
        () => "not closed",
      );
      await until(
        () => test.server.stats().links === 0,
        () => "still a link",
        12_000,
      );
      reader.socket.resume();
      await reader.until(() => reader.hasEnded);
      assert.equal(reader.response?.isComplete, false, "a response that was cut off does not look whole");
      reader.destroy();
      await test.stop();
    });
  }
});

async function open(test: TestServer, path: string, from: unknown = "now"): Promise<RawHttp> {
  return RawHttp.send(test.port, linkRequest(path, test.port, linkBody({ type: "subscribe", id: 1, stream: "s", from })));
}

describe("readers over requests", () => {
  const kinds: readonly Kind[] = ["get", "post", "poll"];
  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constant("publish" as const), fc.constantFrom("m/a", "m/b"), fc.integer({ min: 1, max: 40 }), fc.constantFrom(1, 500, 20_000)),
    },
    { weight: 4, arbitrary: fc.tuple(fc.constantFrom("stall", "go", "cut"), fc.nat(2)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("wait" as const)) },
  );

  it("get everything once they read again, after the kernel had no more room", async () => {
    const test = await testServer({ pollBytesMax: 100_000_000, pollLingerMs: 10_000 });
    await publish(test, "m/a", 1, 1);
    const followers = kinds.map((kind) => new Follower(kind, test.port, ["m/a"]));
    await until(
      () => followers.every(({ has }) => has.count === 1),
      () => "not begun",
    );
    for (const follower of followers) follower.stall();
    await publish(test, "m/a", 800, 20_000);
    // What is left over with the server is what this is about: 16 MB are more than a kernel takes for one connection.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(test.server.hub.counters.deliveries < 3 * 800);
    for (const follower of followers) follower.go();
    await until(
      () => followers.every(({ has, fault }) => has.count === 801 || fault !== null),
      () => followers.map(({ kind, has }) => `${kind} ${has.count}`).join(),
    );
    for (const { fault, requests } of followers) {
      assert.equal(fault, null);
      assert.equal(requests, 1, "in the same response");
    }
    for (const follower of followers) follower.stop();
    await test.stop();
  });

  it("have every entry once, whatever stalls, cuts, evictions and appends come together", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 30 }),
        fc.constantFrom(1, 50_000, 67_108_864),
        fc.constantFrom(1, 20),
        async (actions, tailBytesMax, pollLingerMs) => {
          const test = await testServer({ tailBytesMax, pollLingerMs, heartbeatMs: 200, pollBytesMax: 50_000 });
          const followers = kinds.map((kind) => new Follower(kind, test.port, ["m/a", "m/b"]));
          let total = 0;
          for (const [what, ...how] of actions) {
            const follower = followers[Number(how[0])];
            if (what === "publish") {
              const [stream, count, bytes] = how as [string, number, number];
              total += count;
              await publish(test, stream, count, bytes);
            } else if (what === "wait") await new Promise((resolve) => setTimeout(resolve, 2));
            else if (what === "stall") follower?.stall();
            else if (what === "go") follower?.go();
            else if (what === "cut") follower?.cut();
          }
          for (const follower of followers) follower.go();
          const told = (): string => followers.map(({ kind, has, requests, fault }) => `${kind} ${has.count}/${total} in ${requests}: ${fault}`).join("; ");
          await until(() => followers.every(({ has, fault }) => has.count >= total || fault !== null), told);
          for (const { has, fault } of followers) {
            assert.equal(fault, null, told());
            assert.equal(has.count, total);
            assert.equal(has.gaps, 0);
          }
          for (const follower of followers) follower.stop();
          await until(
            () => test.server.stats().links === 0,
            () => "links left",
          );
          assert.equal(test.server.stats().subscriptions, 0);
          await test.stop();
        },
      ),
      { numRuns: 40 },
    );
  });
});

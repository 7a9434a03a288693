import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { describe, it } from "node:test";
import type { GuardOptions } from "@holdfast/guard";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { type Guarded, guarded, until } from "./support/guarded.ts";

const hello: RequestListener = (_request, response) => response.end("hello");

async function withGuard(options: Partial<GuardOptions>, answer: RequestListener, use: (one: Guarded) => Promise<void>): Promise<void> {
  const one = await guarded(options, answer);
  try {
    await use(one);
  } finally {
    await one.stop();
  }
}

const get = (port: number): Buffer => requestBytes("GET", "/", port);

describe("keep-alive", () => {
  it("is announced, and ends when announced, not before", async () => {
    await withGuard({ keepAliveMs: 1_000 }, hello, async ({ port, endings }) => {
      const http = await RawHttp.send(port, get(port));
      const { headers } = await http.whole();
      const answeredMs = performance.now();
      assert.equal(headers["keep-alive"], "timeout=1");
      await http.until(() => http.hasEnded);
      assert.ok(performance.now() - answeredMs >= 1_000, "it ended before the announced time");
      assert.equal(http.wasReset, false);
      http.destroy();
      await until(() => endings.length === 1);
      assert.equal(endings[0]?.code, "idle_timeout");
      assert.equal(endings[0]?.side, "guard");
      assert.equal(endings[0]?.row.requests, 1);
    });
  });

  it("ends after the last request, which says so", async () => {
    await withGuard({ requestsMax: 3 }, hello, async ({ port, endings, guard }) => {
      const http = await RawHttp.open(port);
      for (let i = 1; i <= 3; i++) {
        http.socket.write(get(port));
        await http.until(() => http.responses.length === i && http.responses[i - 1]?.isComplete === true);
        assert.equal(http.responses[i - 1]?.headers["connection"], i === 3 ? "close" : "keep-alive");
      }
      await http.until(() => http.hasEnded, 2_000);
      http.destroy();
      await until(() => endings.length === 1);
      assert.equal(endings[0]?.code, "requests_limit");
      assert.equal(guard.counters.requestsReused, 2);
    });
  });

  it("does not process what is pipelined after the last request", async () => {
    let handled = 0;
    const count: RequestListener = (_request, response) => {
      handled++;
      response.end("one");
    };
    await withGuard({ requestsMax: 1 }, count, async ({ port }) => {
      const http = await RawHttp.send(port, Buffer.concat([get(port), requestBytes("POST", "/", port, {}, "pay"), get(port)]));
      await http.until(() => http.hasEnded);
      assert.equal(http.responses.length, 1);
      assert.equal(handled, 1);
      assert.equal(http.wasReset, false);
      http.destroy();
    });
  });

  it("delivers the last answer to a peer that is still sending: no reset destroys it", async () => {
    const size = 4_000_000;
    await withGuard(
      { requestsMax: 1, lingerMs: 5_000 },
      (_request, response) => response.end(Buffer.alloc(size, 1)),
      async ({ port, endings }) => {
        const http = await RawHttp.open(port);
        http.socket.pause();
        http.socket.write(requestBytes("POST", "/", port, { "Content-Length": "100000000" }));
        const chatter = setInterval(() => http.socket.write(Buffer.alloc(10_000)), 5);
        await new Promise((resolve) => setTimeout(resolve, 300));
        http.socket.resume();
        await http.until(() => http.response?.isComplete === true);
        clearInterval(chatter);
        assert.equal(http.response?.body.length, size);
        assert.equal(http.wasReset, false);
        http.destroy();
        await until(() => endings.length === 1);
        assert.equal(endings[0]?.code, "requests_limit");
      },
    );
  });

  it("ends a peer that lingers for ever", async () => {
    await withGuard({ requestsMax: 1, lingerMs: 600 }, hello, async ({ port, endings }) => {
      const http = await RawHttp.open(port);
      http.socket.allowHalfOpen = true;
      http.socket.write(get(port));
      await http.whole();
      await until(() => endings.length === 1);
      assert.equal(endings[0]?.code, "requests_limit");
      http.destroy();
    });
  });

  it("ends by age with the next answer", async () => {
    await withGuard({ ageMs: 200 }, hello, async ({ port, endings }) => {
      const http = await RawHttp.open(port);
      let last = "";
      for (let i = 1; last !== "close"; i++) {
        http.socket.write(get(port));
        await http.until(() => http.responses[i - 1]?.isComplete === true);
        last = http.responses[i - 1]?.headers["connection"] ?? "";
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await http.until(() => http.hasEnded);
      http.destroy();
      await until(() => endings.length === 1);
      assert.equal(endings[0]?.code, "age_limit");
      assert.ok((endings[0]?.ageMs ?? 0) >= 180);
    });
  });
});

describe("deadlines", () => {
  const slow: readonly (readonly [string, string, Partial<GuardOptions>, string])[] = [
    ["a peer that sends nothing", "", { headersMs: 500 }, "header_timeout"],
    ["half a header block", "GET / HTTP/1.1\r\nHost: a\r\nX-A", { headersMs: 500 }, "header_timeout"],
    ["half a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", { headersMs: 500, requestMs: 700 }, "body_timeout"],
  ];
  for (const [what, bytes, options, code] of slow) {
    it(`answers ${what} with 408, and the connection ends`, async () => {
      await withGuard(
        options,
        (request, response) => {
          request.on("end", () => response.end());
          request.on("error", () => {});
          request.resume();
        },
        async ({ port, endings }) => {
          const http = await RawHttp.send(port, bytes);
          await http.until(() => http.hasEnded);
          assert.equal(http.response?.status, 408);
          assert.equal(http.response?.headers["connection"], "close");
          http.destroy();
          await until(() => endings.length === 1);
          assert.equal(endings[0]?.code, code);
        },
      );
    });
  }

  it("counts header deadlines anew for each request of a connection", async () => {
    await withGuard({ headersMs: 600, keepAliveMs: 5_000 }, hello, async ({ port }) => {
      const http = await RawHttp.send(port, get(port));
      await http.whole();
      await new Promise((resolve) => setTimeout(resolve, 1_300));
      http.socket.write("GET / HTTP/1.1\r\nHost: a\r\n");
      await new Promise((resolve) => setTimeout(resolve, 100));
      http.socket.write("\r\n");
      await http.until(() => http.responses.length === 2);
      assert.equal(http.responses[1]?.status, 200);
      http.destroy();
    });
  });

  it("resets a peer that takes nothing of its answer", async () => {
    await withGuard(
      { stallMs: 600 },
      (_request, response) => response.end(Buffer.alloc(20_000_000)),
      async ({ port, endings }) => {
        const http = await RawHttp.open(port);
        http.socket.pause();
        http.socket.write(get(port));
        await until(() => endings.length === 1);
        assert.equal(endings[0]?.code, "slow_reader");
        http.destroy();
      },
    );
  });

  it("resets a peer that takes nothing, however much text beyond ASCII the application adds", async () => {
    const answer: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write("ä".repeat(100_000)), 20);
      response.on("close", () => clearInterval(timer));
    };
    await withGuard({ stallMs: 600 }, answer, async ({ port, endings }) => {
      const http = await RawHttp.open(port);
      http.socket.pause();
      http.socket.write(get(port));
      await until(() => endings.length === 1);
      assert.equal(endings[0]?.code, "slow_reader");
      http.destroy();
    });
  });

  it("resets a peer that takes less than a trickle, although it takes something", async () => {
    const options = { stallMs: 2_000, answerBytesPerSecondMin: 10_000_000 };
    await withGuard(
      options,
      (_request, response) => response.end(Buffer.alloc(60_000_000)),
      async ({ port, endings }) => {
        const http = await RawHttp.send(port, get(port));
        http.socket.on("data", () => {
          http.socket.pause();
          setTimeout(() => http.socket.resume(), 20);
        });
        await until(() => endings.length === 1);
        assert.equal(endings[0]?.code, "slow_reader");
        assert.ok((endings[0]?.ageMs ?? 0) >= 2_000);
        http.destroy();
      },
    );
  });

  it("lets a slow reader go on that takes a little all the time", async () => {
    const size = 24_000_000;
    await withGuard(
      { stallMs: 1_500 },
      (_request, response) => response.end(Buffer.alloc(size)),
      async ({ port, endings }) => {
        const http = await RawHttp.send(port, get(port));
        http.socket.on("data", () => {
          http.socket.pause();
          setTimeout(() => http.socket.resume(), 8);
        });
        await http.until(() => http.response?.isComplete === true, 20_000);
        assert.equal(http.response?.body.length, size);
        assert.equal(endings.length, 0);
        http.destroy();
      },
    );
  });

  it("ends an answer in which nothing moves for `idleMs`", async () => {
    await withGuard(
      { idleMs: 600 },
      (_request, response) => void response.write("a"),
      async ({ port, endings }) => {
        const http = await RawHttp.send(port, get(port));
        await http.until(() => http.hasEnded);
        http.destroy();
        await until(() => endings.length === 1);
        assert.equal(endings[0]?.code, "idle_limit");
      },
    );
  });
});

describe("caps", () => {
  it("refuses one address too many with 429, and frees the place when a connection ends", async () => {
    await withGuard({ perAddressMax: 2 }, hello, async ({ port, guard }) => {
      const [a, b] = [await RawHttp.send(port, get(port)), await RawHttp.send(port, get(port))];
      await Promise.all([a.whole(), b.whole()]);
      const refused = await RawHttp.send(port, get(port));
      await refused.until(() => refused.hasEnded);
      assert.equal(refused.response?.status, 429);
      assert.equal(guard.counters.refused.get("too_many_from_address"), 1);
      a.destroy();
      await until(() => guard.connections().length === 1);
      const taken = await RawHttp.send(port, get(port));
      assert.equal((await taken.whole()).status, 200);
      for (const http of [b, refused, taken]) http.destroy();
    });
  });

  it("refuses one connection too many with 503", async () => {
    await withGuard({ connectionsMax: 1, pressurePercent: 100 }, hello, async ({ port, guard }) => {
      const first = await RawHttp.send(port, get(port));
      await first.whole();
      const refused = await RawHttp.send(port, get(port));
      await refused.until(() => refused.hasEnded);
      assert.equal(refused.response?.status, 503);
      assert.equal(guard.counters.refused.get("too_many_connections"), 1);
      first.destroy();
      refused.destroy();
    });
  });

  it("ends the longest idle first when connections run short", async () => {
    await withGuard({ connectionsMax: 10, pressurePercent: 50 }, hello, async ({ port, endings }) => {
      const open: RawHttp[] = [];
      for (let i = 0; i < 7; i++) {
        const http = await RawHttp.send(port, get(port));
        await http.whole();
        open.push(http);
      }
      await until(
        () => endings.filter(({ code }) => code === "reclaimed").length === 2,
        () => JSON.stringify(endings),
      );
      assert.deepEqual(
        open.map((http) => http.hasEnded),
        [true, true, false, false, false, false, false],
      );
      for (const http of open) http.destroy();
    });
  });
});

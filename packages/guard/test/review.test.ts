import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { guarded, until } from "./support/guarded.ts";

describe("a refusal", () => {
  it("is forgotten when its connection is gone: the six hundredth is told why as the first was", async (t) => {
    const one = await guarded({ perAddressMax: 1 }, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    const first = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
    await first.whole();
    for (let i = 0; i < 600; i++) {
      const refused = await RawHttp.open(one.port);
      await refused.until(() => refused.hasEnded);
      assert.equal(refused.response?.status, 429, `refusal ${i}`);
      refused.destroy();
    }
    assert.equal(one.guard.counters.refused.get("too_many_from_address"), 600);
    assert.equal(one.endings.length, 0);
    first.destroy();
    await until(() => one.endings.length === 1);
  });
});

describe("a drain", () => {
  it("ends an event stream that the host had not begun only when its head is out", async (t) => {
    let thrown: unknown = null;
    let calledBack = 0;
    const one = await guarded({}, (_request, response) => {
      setTimeout(() => {
        try {
          response.writeHead(200, { "Content-Type": "text/event-stream" });
        } catch (error) {
          thrown = error;
          return;
        }
        response.write("data: 1\n\n");
        const timer = setInterval(() => response.write("data: 2\n\n", () => calledBack++), 20);
        response.on("finish", () => {
          response.write("data: 3\n\n", () => calledBack++);
          response.end(() => calledBack++);
        });
        response.on("close", () => clearInterval(timer));
      }, 300);
    });
    t.after(() => one.stop());
    const http = await RawHttp.send(one.port, requestBytes("GET", "/", one.port, { Accept: "text/event-stream" }));
    await until(() => one.guard.counters.requests === 1);
    await one.guard.drain({ windowMs: 50, drainMs: 10_000 });
    await http.until(() => http.hasEnded);
    assert.equal(thrown, null);
    assert.deepEqual([http.response?.status, http.response?.headers["connection"], http.response?.isComplete], [200, "close", true]);
    assert.match(http.text, /^data: 1\n\n[\s\S]*retry: 1000\n\n$/);
    assert.equal(http.wasReset, false);
    await until(() => calledBack >= 2);
    http.destroy();
  });

  it("ends the connection of an answer that ends after the window: at once where its head could say so, soon where it could not", async (t) => {
    const one = await guarded({}, (request, response) => {
      if (request.url === "/begun") response.writeHead(200, { "Content-Length": 5 }).flushHeaders();
      setTimeout(() => response.end("hello"), 500);
    });
    t.after(() => one.stop());
    const [begun, waiting] = [
      await RawHttp.send(one.port, requestBytes("GET", "/begun", one.port)),
      await RawHttp.send(one.port, requestBytes("GET", "/", one.port)),
    ];
    await until(() => one.guard.counters.requests === 2);
    await begun.until(() => begun.response !== undefined);
    await one.guard.drain({ windowMs: 50, drainMs: 30_000 });
    for (const http of [begun, waiting]) {
      const { body } = await http.whole();
      assert.equal(body.toString(), "hello");
      await http.until(() => http.hasEnded);
      assert.equal(http.wasReset, false);
      http.destroy();
    }
    assert.deepEqual([begun.response?.headers["connection"], waiting.response?.headers["connection"]], ["keep-alive", "close"]);
    assert.deepEqual(
      one.endings.map(({ code }) => code),
      ["draining", "draining"],
    );
    assert.ok(one.endings.every(({ ageMs }) => ageMs < 15_000));
  });
});

describe("the last answer of a connection", () => {
  it("is not the last where the host says keep-alive itself: the next request is answered", async (t) => {
    const one = await guarded({ requestsMax: 2 }, (_request, response) => {
      response.writeHead(200, { Connection: "keep-alive", "Content-Length": 5 });
      response.end("hello");
    });
    t.after(() => one.stop());
    const http = await RawHttp.open(one.port);
    for (let i = 1; i <= 4; i++) {
      http.socket.write(requestBytes("GET", "/", one.port));
      await http.until(() => http.responses.length === i && http.responses[i - 1]?.isComplete === true);
      assert.equal(http.responses[i - 1]?.headers["connection"], "keep-alive");
    }
    assert.equal(one.guard.counters.requests, 4);
    http.destroy();
  });

  it("ends the connection where a request behind it was thrown away, whatever the host says", async (t) => {
    const one = await guarded({ requestsMax: 1 }, (_request, response) => {
      response.writeHead(200, { Connection: "keep-alive", "Content-Length": 5 });
      response.end("hello");
    });
    t.after(() => one.stop());
    const get = requestBytes("GET", "/", one.port);
    const http = await RawHttp.send(one.port, Buffer.concat([get, get]));
    await http.until(() => http.hasEnded);
    assert.deepEqual([http.responses.length, http.wasReset], [1, false]);
    http.destroy();
    await until(() => one.endings.length === 1);
    assert.equal(one.endings[0]?.code, "requests_limit");
  });
});

describe("a request that the host emits again", () => {
  it("is served, and counted once, when it is the last one too", async (t) => {
    const one = await guarded({ requestsMax: 1 }, (request, response) => {
      request.resume();
      request.on("end", () => response.end("hello"));
    });
    t.after(() => one.stop());
    one.server.on("checkContinue", (request, response) => {
      response.writeContinue();
      one.server.emit("request", request, response);
    });
    const http = await RawHttp.send(one.port, requestBytes("POST", "/", one.port, { Expect: "100-continue" }, "pay"));
    await http.until(() => http.responses.length === 2);
    assert.deepEqual(
      http.responses.map(({ status }) => status),
      [100, 200],
    );
    assert.equal(one.guard.counters.requests, 1);
    http.destroy();
  });
});

describe("an upgrade that is refused for what it is", () => {
  it("takes no slot of those that are admitted", async (t) => {
    const one = await guarded({ upgradesPerSecond: 1 }, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    one.server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    const ask = (protocol: string): Promise<RawHttp> =>
      RawHttp.send(
        one.port,
        requestBytes("GET", "/", one.port, {
          Connection: "Upgrade",
          Upgrade: protocol,
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }),
      );
    for (let i = 0; i < 20; i++) {
      const refused = await ask("nonsense");
      assert.equal((await refused.whole()).status, 426);
      refused.destroy();
    }
    const admitted = await ask("websocket");
    assert.equal((await admitted.whole()).status, 101);
    admitted.destroy();
  });
});

describe("an answer that leaves before the body of its request has come", () => {
  const early = (options: Parameters<typeof guarded>[0]) => guarded(options, (_request, response) => response.end("early"));
  const head = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

  it("is not followed by a stray 408: the rest of the body is no head, and the next request is served", async (t) => {
    const one = await early({ headersMs: 500, keepAliveMs: 10_000 });
    t.after(() => one.stop());
    const http = await RawHttp.send(one.port, `${head(10)}a`);
    await http.whole();
    for (let i = 0; i < 9; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      http.socket.write("b");
    }
    http.socket.write(requestBytes("GET", "/", one.port));
    await http.until(() => http.responses.length === 2);
    assert.deepEqual(
      http.responses.map(({ status }) => status),
      [200, 200],
    );
    await until(() => one.guard.connections()[0]?.phase === "idle");
    http.destroy();
  });

  it("is ended without a word when the body does not come in time", async (t) => {
    const one = await early({ headersMs: 500, requestMs: 700 });
    t.after(() => one.stop());
    const http = await RawHttp.send(one.port, `${head(10)}a`);
    await http.until(() => http.hasEnded);
    assert.deepEqual([http.responses.length, http.response?.status, http.wasReset], [1, 200, false]);
    http.destroy();
    await until(() => one.endings.length === 1);
    assert.equal(one.endings[0]?.code, "body_timeout");
  });
});

describe("a guard that has been released", () => {
  it("leaves the end of a connection to Node: a peer that never closes holds none", async (t) => {
    const one = await guarded({ lingerMs: 500 }, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    const http = await RawHttp.open(one.port);
    http.socket.allowHalfOpen = true;
    http.socket.write(requestBytes("GET", "/", one.port));
    await http.whole();
    one.guard.release();
    http.socket.write(requestBytes("GET", "/", one.port, { Connection: "close" }));
    await http.until(() => http.responses.length === 2 && http.hasEnded);
    await until(() => one.endings.length === 1);
    http.destroy();
  });
});

import assert from "node:assert/strict";
import { Agent, get } from "node:http";
import { describe, it } from "node:test";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { guarded, until } from "./support/guarded.ts";

describe("a drain", () => {
  it("ends a busy keep-alive connection with an answer that says so, and fails no request", async (t) => {
    const one = await guarded({}, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    let failed = 0;
    let answered = 0;
    let refused = 0;
    const ask = (): Promise<void> =>
      new Promise((resolve) => {
        get({ port: one.port, host: "127.0.0.1", agent }, (response) => {
          response.resume();
          response.on("end", () => {
            answered++;
            resolve();
          });
        }).on("error", (error: NodeJS.ErrnoException) => {
          if (error.code === "ECONNREFUSED") refused++;
          else failed++;
          resolve();
        });
      });
    const workers = Array.from({ length: 20 }, async () => {
      while (refused === 0) await ask();
    });
    await until(() => answered > 100);
    assert.equal(one.guard.ready, true);
    const drained = one.guard.drain({ drainMs: 10_000 });
    assert.equal(one.guard.ready, false);
    await drained;
    await Promise.all(workers);
    assert.equal(failed, 0);
    assert.deepEqual([...new Set(one.endings.map(({ code }) => code))].sort(), ["draining"]);
    agent.destroy();
  });

  it("goes on serving while readiness says no, for as long as it is told", async (t) => {
    const one = await guarded({}, (_request, response) => response.end("hello"));
    t.after(() => one.stop());
    const drained = one.guard.drain({ unreadyMs: 600, drainMs: 1_000 });
    const http = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
    const { status, headers } = await http.whole();
    assert.deepEqual([status, headers["connection"]], [200, "close"]);
    http.destroy();
    await drained;
  });

  it("ends idle connections within the window, and resets what does not end", async (t) => {
    const one = await guarded({}, (request, response) => {
      if (request.url === "/stuck") response.write("never more");
      else response.end("hello");
    });
    t.after(() => one.stop());
    const idle = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
    await idle.whole();
    const stuck = await RawHttp.send(one.port, requestBytes("GET", "/stuck", one.port));
    await stuck.until(() => stuck.response !== undefined);
    await one.guard.drain({ windowMs: 100, drainMs: 500 });
    await until(() => idle.hasEnded && stuck.hasEnded);
    assert.deepEqual([idle.wasReset, stuck.wasReset], [false, true]);
    idle.destroy();
    stuck.destroy();
  });

  it("ends event streams of the host within the window, between two events, with a time to come back", async (t) => {
    let writes = 0;
    const one = await guarded({}, (_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      const timer = setInterval(() => {
        writes++;
        response.write(`data: ${writes}\n\n`);
      }, 5);
      response.on("close", () => clearInterval(timer));
    });
    t.after(() => one.stop());
    const request = requestBytes("GET", "/", one.port, { Accept: "text/event-stream" });
    const streams = await Promise.all(Array.from({ length: 5 }, () => RawHttp.send(one.port, request)));
    for (const stream of streams) await stream.until(() => /data: \d+\n/.test(stream.text));
    await one.guard.drain({ windowMs: 300, drainMs: 5_000 });
    for (const stream of streams) {
      await stream.until(() => stream.hasEnded);
      assert.equal(stream.response?.isComplete, true);
      assert.match(stream.text, /\n\nretry: 1000\n\n$/);
      stream.destroy();
    }
  });
});

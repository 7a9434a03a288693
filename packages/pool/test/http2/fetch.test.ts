/** undici's own `fetch` and `request` over `Http2Origin`: what applications use. */
import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Dispatcher, fetch, request } from "undici";
import type { Http2Origin } from "../../src/http2/origin.ts";
import { client, eventually, listening } from "./support/origins.ts";

/** As the facade does it: a dispatcher that hands everything on. */
class OneOrigin extends Dispatcher {
  readonly #origin: Http2Origin;

  constructor(origin: Http2Origin) {
    super();
    this.#origin = origin;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#origin.dispatch(options, handler);
  }
}

async function served(t: TestContext, answer: (stream: ServerHttp2Stream, path: string) => void) {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    answer(stream, String(headers[":path"]));
  });
  const port = await listening(t, server);
  const { origin } = client(t, port);
  return { origin, dispatcher: new OneOrigin(origin), url: `http://127.0.0.1:${port}` };
}

test("fetch reads, sends, decompresses and follows", async (t) => {
  const { dispatcher, url } = await served(t, (stream, path) => {
    if (path === "/gzip") {
      stream.respond({ ":status": 200, "content-encoding": "gzip" });
      stream.end(gzipSync("unpacked"));
    } else if (path === "/moved") stream.respond({ ":status": 302, location: "/gzip" }, { endStream: true });
    else {
      stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"] });
      stream.pipe(stream);
    }
  });
  assert.equal(await (await fetch(`${url}/moved`, { dispatcher })).text(), "unpacked");
  const posted = await fetch(`${url}/echo`, { method: "POST", body: "sent", dispatcher });
  assert.deepEqual(posted.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(await posted.text(), "sent");
});

test("fetch that is aborted resets its stream, while it waits for headers and while it reads", async (t) => {
  const codes: (number | undefined)[] = [];
  const { dispatcher, url } = await served(t, (stream, path) => {
    stream.on("close", () => codes.push(stream.rstCode));
    if (path === "/silent") return;
    stream.respond({ ":status": 200 });
    stream.write("begun");
  });
  const silent = new AbortController();
  const waiting = fetch(`${url}/silent`, { signal: silent.signal, dispatcher });
  setTimeout(() => silent.abort(), 50);
  await assert.rejects(waiting, { name: "AbortError" });
  const reading = new AbortController();
  const answer = await fetch(`${url}/begun`, { signal: reading.signal, dispatcher });
  reading.abort();
  await assert.rejects(answer.text(), { name: "AbortError" });
  assert.ok(await eventually(() => codes.length === 2));
  assert.deepEqual(codes, [8, 8]);
});

test("a body of fetch that nobody reads holds its window, and others go on", async (t) => {
  const { dispatcher, url, origin } = await served(t, (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(2_000_000));
  });
  const unread = await fetch(url, { dispatcher });
  const { body } = await request(url, { dispatcher });
  assert.equal((await body.arrayBuffer()).byteLength, 2_000_000);
  assert.ok(await eventually(() => origin.stats().sessions[0]?.streams === 1));
  assert.equal((await unread.arrayBuffer()).byteLength, 2_000_000);
});

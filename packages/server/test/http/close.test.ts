/** The end of a server: what it has taken is answered before connections are let go, and what never comes is not waited for. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { memoryEngine } from "../../src/engines/memory.ts";
import { createServer, nodeEnv } from "../../src/index.ts";

test("a publish over HTTP that the engine has in its hands when the server ends is answered", async () => {
  const engine = memoryEngine({ env: nodeEnv });
  const append = engine.append.bind(engine);
  const taken = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  engine.append = async (request) => {
    taken.resolve();
    await go.promise;
    return append(request);
  };
  const server = createServer({ engine, options: { port: 0 } });
  const { url } = await server.listen();
  const answer = fetch(`${url}/v1/streams/a`, { method: "POST", body: "1", headers: { "content-type": "application/json" } });
  await taken.promise;
  const closed = server.close();
  setTimeout(go.resolve, 50);
  assert.equal((await answer).status, 200);
  await closed;
});

test("a request whose body never comes holds the end up for no longer than a drain", { timeout: 10_000 }, async () => {
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 100 } });
  const { host, port } = await server.listen();
  const socket = connect(port, host);
  socket.on("error", () => {});
  socket.write("POST /v1/streams/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  await once(socket, "data"); // `100 Continue`: the request has been taken.
  const over = new Promise((resolve) => socket.once("close", resolve)); // By a reset: the body was never complete.
  await server.close();
  await over;
});

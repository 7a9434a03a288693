// Several backends behind one origin, through the facade: each has its connections, and requests say the origin's name everywhere.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { httpPool } from "@holdfast/pool";
import { answer, type RawServer, rawServer } from "../support/raw-server.ts";
import { until } from "../support/until.ts";

const named = (name: string): Promise<RawServer> => rawServer(({ socket }) => socket.write(answer(name)));

describe("several backends", () => {
  test("share the requests of one origin, whose name they all are told", async () => {
    await using a = await named("a");
    await using b = await named("b");
    const pool = httpPool({ backends: { "http://service.test": [a.origin, { origin: b.origin, weight: 1 }] } });
    const bodies = new Set<string>();
    for (let i = 0; i < 40; i++) bodies.add(await (await pool.fetch("http://service.test/path")).text());
    assert.deepEqual([...bodies].sort(), ["a", "b"]);
    assert.ok([...a.requests, ...b.requests].every(({ head }) => /^host: service\.test$/im.test(head)));
    const [origin] = pool.stats().origins;
    assert.deepEqual([origin?.requests, origin?.connections.opened, origin?.backends?.length], [40, 2, 2]);
    await pool.close();
  });

  test("one that can not be reached costs nobody a request, and is left alone", async () => {
    await using a = await named("a");
    const dead = await named("dead");
    await dead[Symbol.asyncDispose]();
    const changes: string[] = [];
    const pool = httpPool({ backends: { "http://service.test": [a.origin, dead.origin] }, onBackendChange: ({ code }) => changes.push(code) });
    for (let i = 0; i < 20; i++) {
      const response = await pool.request("http://service.test", { method: "POST", body: "x" });
      assert.equal(await response.body.text(), "a");
    }
    assert.deepEqual(changes, ["ejected_unreached"]);
    await pool.close();
  });

  test("a list that changes is followed while requests are under way, and who leaves finishes what it has", async () => {
    let release: () => void = () => {};
    await using a = await rawServer(({ socket }) => {
      release = () => socket.write(answer("a"));
    });
    await using b = await named("b");
    const pool = httpPool({ backends: { "http://service.test": [a.origin] } });
    const first = pool.request("http://service.test");
    await until(() => a.requests.length === 1);
    pool.setBackends("http://service.test", [b.origin]);
    assert.equal(await (await pool.request("http://service.test")).body.text(), "b");
    release();
    assert.equal(await (await first).body.text(), "a");
    await until(() => pool.connections().length === 1);
    // What the one that has left did stays counted.
    const { requests, opened, ends } = pool.stats();
    assert.deepEqual([requests, opened, ends], [2, 2, { pool_closed: 1 }]);
    await pool.close();
  });

  test("a list that can not be is refused by name", () => {
    assert.throws(() => httpPool({ backends: { "http://service.test": [] } }), { code: "invalid_option" });
    assert.throws(() => httpPool({ backends: { "http://service.test": ["https://127.0.0.1:1"] } }), { code: "invalid_option" });
  });
});

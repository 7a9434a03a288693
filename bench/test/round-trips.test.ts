import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { openProxy } from "@holdfast/lab";
import { type Cell, cells, connectionsOf, roundTripsOf } from "../lib/round-trips/cells.ts";
import { distance } from "../lib/round-trips/distance.ts";

const files = 100;
const find = (protocol: string, connections: number, label: string, keepAlive: boolean): Cell =>
  cells.find((cell) => cell.protocol === protocol && cell.connections === connections && cell.security.label === label && cell.keepAlive === keepAlive) ??
  assert.fail(label);
const gain = (protocol: string, connections: number, label: string): number =>
  Number((roundTripsOf(find(protocol, connections, label, false), files) / roundTripsOf(find(protocol, connections, label, true), files)).toFixed(2));

test("every combination is there once", () => {
  assert.equal(cells.length, 40);
  assert.equal(new Set(cells.map((cell) => JSON.stringify(cell))).size, 40);
});

test("the model gains what counting by hand gains", () => {
  assert.deepEqual([gain("HTTP/1.1", 1, "plain"), gain("HTTP/1.1", 6, "plain")], [1.98, 1.89]);
  assert.deepEqual([gain("HTTP/1.1", 1, "TLS 1.3"), gain("HTTP/1.1", 6, "TLS 1.3")], [2.94, 2.68]);
  assert.deepEqual([gain("HTTP/1.1", 1, "TLS 1.2"), gain("HTTP/1.1", 6, "TLS 1.2")], [3.88, 3.4]);
  assert.deepEqual([gain("HTTP/1.1", 1, "TLS 1.2, resumed"), gain("HTTP/2", 1, "plain")], [2.94, 100]);
});

test("kept connections are as many as there may be, others as many as files", () => {
  assert.deepEqual([connectionsOf(find("HTTP/1.1", 6, "plain", true), files), connectionsOf(find("HTTP/1.1", 6, "plain", false), files)], [6, 100]);
});

test("over a distance the first answer takes two round trips and the second one, and both are counted", async () => {
  const rttMs = 60;
  const server = createServer((socket) => socket.on("error", () => {}).on("data", (bytes) => socket.write(bytes)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const way = distance(rttMs);
  await using proxy = await openProxy({ target: { host: "127.0.0.1", port: (server.address() as AddressInfo).port } });
  proxy.add(way.fault);
  const startMs = performance.now();
  const socket = connect(proxy.port, "127.0.0.1");
  const asked = async (): Promise<number> => {
    socket.write("x");
    await once(socket, "data");
    return performance.now() - startMs;
  };
  try {
    const firstMs = await asked();
    const secondMs = await asked();
    // A timer of Node may be a millisecond early; how late they are the machine decides.
    assert.ok(firstMs >= 2 * rttMs - 4, `first after ${firstMs} ms`);
    assert.ok(secondMs - firstMs >= rttMs - 4, `second ${secondMs - firstMs} ms later`);
    assert.equal(way.turns(), 2);
  } finally {
    socket.destroy();
    server.close();
  }
});

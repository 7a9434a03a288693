/**
 * The end of a connection in the moment of its log-in, told by a server that says both in one breath.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { postgresPool } from "../../src/postgres/index.ts";
import { eventually } from "../database/suite.ts";

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const welcome = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
const goodbye = message("E", Buffer.from("SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"));

test("a connection that the server ends in the same breath as its log-in is an error of the call, and none of the process", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.concat([welcome, goodbye])));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pool = postgresPool({ host: "127.0.0.1", port, user: "app", database: "app", max: 1, warn: () => {} });
  await assert.rejects(pool.query("SELECT 1"), { code: "connect_failed" });
  await eventually(() => assert.equal(pool.held(), 0));
  await pool.end();
  server.close();
});

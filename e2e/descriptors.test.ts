/**
 * A guarded server that may open few descriptors: it says at the start how many it needs, takes no more connections than fit, tells the others why,
 * and those it has notice nothing.
 */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { needs } from "../scripts/test-support/needs.ts";
import { RawHttp, requestBytes } from "../scripts/test-support/raw-http.ts";
import { startGuarded, until } from "./support/processes.ts";

const descriptorsMax = 256;
const wanted = 20_000;
const liveClients = 40;
const attempts = 400;

/** Asks again and again on one connection; returns how many answers came, or what went wrong. */
async function live(port: number, isOver: () => boolean): Promise<number> {
  const http = await RawHttp.open(port);
  let asked = 0;
  while (!isOver()) {
    http.socket.write(requestBytes("POST", "/", port, {}, "pay"));
    asked++;
    await http.until(() => http.responses.length === asked && http.responses.at(-1)?.isComplete === true, 10_000);
    assert.equal(http.responses.at(-1)?.status, 200);
    await sleep(30);
  }
  http.destroy();
  return asked;
}

/** A connection that sends nothing: what it was told, once it has ended. */
function attempt(port: number, open: Set<Socket>): { text: string; ended: boolean } {
  const seen = { text: "", ended: false };
  const socket = connect(port, "127.0.0.1");
  open.add(socket);
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    seen.text += text;
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    seen.ended = true;
    open.delete(socket);
  });
  return seen;
}

it("few descriptors: a warning with the number, fewer connections, refusals that are counted, and no harm to who is there", {
  skip: needs("proc"),
}, async (t) => {
  const server = startGuarded({ descriptorsMax });
  const open = new Set<Socket>();
  try {
    const { port, warnings, connectionsMax } = await server.call("open", { connectionsMax: wanted, keepAliveMs: 5_000, headersMs: 4_000, lingerMs: 1_000 });
    t.diagnostic(warnings.join("; "));
    assert.ok(connectionsMax < descriptorsMax);
    assert.match(
      warnings.join("\n"),
      new RegExp(`ulimit -n is ${descriptorsMax}: connectionsMax is lowered from ${wanted} to ${connectionsMax}; set it to at least 2\\d{4}`),
    );

    let isOver = false;
    const clients = Promise.all(Array.from({ length: liveClients }, () => live(port, () => isOver)));
    await until("the clients are there", async () => (await server.call("state")).connections === liveClients, 10_000);
    const seen = Array.from({ length: attempts }, () => attempt(port, open));
    const room = connectionsMax - liveClients;
    let state = await server.call("state");
    await until(
      "all have come, and those for whom there is no room have gone",
      async () => {
        state = await server.call("state");
        const refused = Object.values(state.refused).reduce((sum, count) => sum + count, 0);
        return state.accepted - liveClients + refused === attempts && seen.filter(({ ended }) => ended).length >= attempts - room;
      },
      15_000,
    ).catch((error: Error) => assert.fail(`${error.message}: ${JSON.stringify(state)}, ${seen.filter(({ ended }) => ended).length} ended`));
    t.diagnostic(
      `${JSON.stringify(state.refused)}; ended ${JSON.stringify(state.ended)}; ${state.descriptors} descriptors; ${state.warnings.slice(warnings.length).join("; ")}`,
    );
    assert.ok((state.refused["too_many_connections"] ?? 0) > 0);
    assert.ok(
      seen.some(({ text }) => text.startsWith("HTTP/1.1 503 ")),
      "some are told why",
    );
    assert.ok(state.descriptors < descriptorsMax, `${state.descriptors} descriptors`);
    await sleep(2_000); // Pressure is looked at every second: live clients must not be what gives way.
    isOver = true;
    const asked = await clients;
    t.diagnostic(`${asked.reduce((sum, count) => sum + count, 0)} requests of ${liveClients} live clients answered meanwhile`);
    assert.ok(asked.every((count) => count > 10));
    for (const socket of open) socket.destroy();
    await until("all are gone", async () => (await server.call("state")).connections === 0, 10_000);
    assert.equal(await live(port, () => true), 0, "it accepts again");
  } finally {
    for (const socket of open) socket.destroy();
    await server.stop();
  }
});

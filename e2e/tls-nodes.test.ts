/**
 * Three nodes with one secret behind a balancer of TCP: a session of one is resumed on each, clocks may differ, and neither rotation nor
 * a new certificate costs a live connection.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, it } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { Child } from "../bench/lib/child.ts";
import { certificates } from "../scripts/test-support/certificates.ts";
import { needs } from "../scripts/test-support/needs.ts";
import type { TlsNodeCalls } from "./processes/tls-node.ts";
import { until } from "./support/processes.ts";
import { tcpBalancer } from "./support/tcp-balancer.ts";

const path = new URL("./processes/tls-node.ts", import.meta.url).pathname;
const secret = "what all three of the nodes know, and nobody else";
const ticketRotateMs = 1_000_000;
const skewMs = 60_000;

/** Sends a text and waits until it has come back. */
async function say(socket: TLSSocket, text: string): Promise<void> {
  let heard = "";
  socket.write(text);
  while (heard.length < text.length) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    heard += String(chunk);
  }
  assert.equal(heard, text);
}

async function dial(options: ConnectionOptions): Promise<{ readonly socket: TLSSocket; readonly session: Buffer | undefined }> {
  const socket = connect({ host: "127.0.0.1", servername: "localhost", ...options });
  let session: Buffer | undefined;
  socket.on("session", (ticket) => {
    session = ticket;
  });
  await once(socket, "secureConnect");
  await say(socket, "hello");
  // A resumed session of TLS 1.2 brings no new ticket: the old one goes on.
  return { socket, session: session ?? (options.session as Buffer | undefined) };
}

describe("three nodes with one secret behind a TCP balancer", { skip: needs("haproxy", "openssl") }, () => {
  const made = certificates();
  const [files, next] = [made.make("first"), made.make("second")];
  const nodes = Array.from({ length: 3 }, () => new Child<TlsNodeCalls>(path));
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    made[Symbol.dispose]();
  });
  const { certFile, keyFile } = files;
  // Around the end of a period, with clocks 20 s apart: the last node is in the next period already.
  const ports = Promise.all(
    nodes.map(async (node, i) => {
      const wallMs = 2_001 * ticketRotateMs - 50_000 + i * 25_000;
      return (await node.call("open", { certFile, keyFile, ticketSecret: secret, ticketRotateMs, ticketSkewMs: skewMs, wallMs })).port;
    }),
  );
  const facts = () => Promise.all(nodes.map((node) => node.call("facts")));
  const sum = (of: Awaited<ReturnType<typeof facts>>, pick: (each: Awaited<ReturnType<typeof facts>>[number]) => number): number =>
    of.reduce((all, each) => all + pick(each), 0);

  it("at least 95 of 100 reconnects resume, over a rotation too, and both sides count the same", async (t) => {
    await using balancer = await tcpBalancer(await ports, 4_000);
    const [clients, reconnects] = [8, 30];
    let resumed = 0;
    const client = async (version: "TLSv1.2" | "TLSv1.3"): Promise<void> => {
      let session: Buffer | undefined;
      for (let i = 0; i <= reconnects; i++) {
        const options = { port: balancer.port, ca: files.cert, minVersion: version, maxVersion: version, ...(session === undefined ? {} : { session }) };
        const dialled = await dial(options);
        if (dialled.socket.isSessionReused()) resumed++;
        session = dialled.session;
        dialled.socket.end();
        await once(dialled.socket, "close");
        // The clocks reach the end of the period one after the other.
        if (version === "TLSv1.3" && i % 10 === 9) await Promise.all(nodes.map((node) => node.call("pass", 5_000)));
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, i) => client(i % 2 === 0 ? "TLSv1.2" : "TLSv1.3")));
    const all = await facts();
    const ratio = resumed / (clients * reconnects);
    t.diagnostic(
      `${resumed} of ${clients * reconnects} reconnects resumed (${(100 * ratio).toFixed(1)} %); by node: ${all.map(({ counters }) => counters.resumed).join(", ")}`,
    );
    assert.ok(ratio >= 0.95, `${ratio}`);
    assert.equal(
      sum(all, ({ counters }) => counters.resumed),
      resumed,
    );
    assert.ok(
      all.every(({ counters }) => counters.resumed > 30),
      "each node has its share",
    );
    assert.ok(sum(all, ({ counters }) => counters.rotations) >= 1, "a node has rotated in between");
  });

  it("rotation and reload under 1,000 live connections drop none, and new handshakes see the new certificate", async (t) => {
    await using balancer = await tcpBalancer(await ports, 4_000);
    const live: TLSSocket[] = [];
    const lost: string[] = [];
    const common = { port: balancer.port, ca: [files.cert, next.cert] };
    const { socket: first, session } = await dial(common);
    const keep = (socket: TLSSocket): void => {
      live.push(socket);
      socket.on("error", (error) => lost.push(error.message));
      socket.on("close", () => lost.push("closed"));
    };
    keep(first);
    // Most resume, as clients do that come back: it is the connections that matter here.
    const opener = async (): Promise<void> => {
      while (live.length < 1_000) keep((await dial({ ...common, ...(session === undefined ? {} : { session }) })).socket);
    };
    await Promise.all(Array.from({ length: 16 }, opener));
    const before = await facts();
    const count = live.length;
    assert.ok(count >= 1_000);
    assert.equal(
      sum(before, (each) => each.live),
      count,
    );
    let done = false;
    let words = 0;
    // Someone always speaks while it happens.
    const talk = (async () => {
      for (let i = 0; !done; i++) {
        await say(live[i % count] ?? assert.fail(), `word ${i}`);
        words++;
      }
    })();
    for (let i = 0; i < 4; i++) {
      for (const node of nodes) await node.call("pass", ticketRotateMs);
      if (i === 1) made.replace(files, next);
      if (i === 2) {
        // A pair that is half replaced, as a reload in the wrong moment finds it; one node has read the good one before.
        const [early, ...rest] = nodes;
        assert.ok((await early?.call("reload"))?.ok);
        made.replace({ ...files, keyFile: `${files.keyFile}.elsewhere` }, { ...next, certFile: made.make("third").certFile });
        for (const node of rest) assert.deepEqual(await node.call("reload").then((reload) => (reload.ok ? "ok" : reload.code)), "key_mismatch");
        made.replace(files, next);
      }
      if (i === 3) for (const node of nodes) assert.ok((await node.call("reload")).ok);
    }
    done = true;
    await talk;
    await Promise.all(live.map((socket, i) => say(socket, `still here ${i}`)));
    const subjects: string[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const { socket } = await dial(common);
      subjects.push(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }
    assert.deepEqual(subjects, ["second", "second", "second"]);
    assert.deepEqual(lost, []);
    await until("those have gone", async () => sum(await facts(), (each) => each.live) === count, 10_000);
    const rotations = sum(await facts(), ({ counters }) => counters.rotations) - sum(before, ({ counters }) => counters.rotations);
    assert.equal(rotations, 4 * nodes.length);
    t.diagnostic(`${count} connections, ${rotations} rotations and ${nodes.length + 1} reloads, ${words} words meanwhile: ${lost.length} dropped`);
    for (const socket of live) {
      socket.removeAllListeners("close");
      socket.destroy();
    }
  });
});

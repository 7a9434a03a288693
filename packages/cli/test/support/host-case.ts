/**
 * A process with one fault, for the tests of `doctor host`: `node host-case.ts NAME`. It prints a line when the fault is there, and stays
 * until its input ends. It must only run in a network of its own.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

const ready = (): void => void process.stdout.write("ready\n");

async function listening(options: { allowHalfOpen?: boolean } = {}, backlog = 511, on: (socket: Socket) => void = () => {}): Promise<number> {
  const server = createServer(options, (socket) => {
    socket.on("error", () => {});
    on(socket);
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function dialled(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets;
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  /** Holds connections, as it should. */
  well: async () => {
    const port = await listening({}, 511, (socket) => socket.setKeepAlive(true, 60_000).resume());
    for (const socket of await dialled(port, 30)) socket.setKeepAlive(true, 60_000).resume();
    ready();
  },
  /** Never closes what its peers have closed. */
  closeWait: async () => {
    const port = await listening({ allowHalfOpen: true }, 511, (socket) => socket.resume());
    for (const socket of await dialled(port, 60)) socket.resume().end();
    ready();
  },
  /** A connection per request, closed by the side that opened it. */
  timeWait: async () => {
    const port = await listening({}, 511, (socket) => socket.resume());
    for (let i = 0; i < 15; i++) {
      const some = await dialled(port, 20);
      await Promise.all(some.map((socket) => once(socket.resume().end(), "close")));
    }
    ready();
  },
  /** Listens, and never comes to accept. */
  stuck: async () => {
    const port = await listening({}, 4);
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const dial = `const { connect } = require("node:net");
      const { writeSync } = require("node:fs");
      let open = 0;
      for (let i = 0; i < 12; i++) connect(${port}, "127.0.0.1").on("error", () => {}).on("connect", () => { if (++open === 5) writeSync(1, "ready\\n"); });`;
    new Worker(dial, { eval: true });
    Atomics.wait(shared, 0, 0, 60_000);
  },
};

process.stdin.resume().on("end", () => process.exit());
await cases[process.argv[2] ?? ""]?.();

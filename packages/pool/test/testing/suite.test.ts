/** Pool<T> over real sockets passes the suite that it publishes. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { Pool } from "../../src/core/index.ts";
import { poolSuite, type SuiteLease, type SuiteSetup, type SuiteSite } from "../../src/testing/index.ts";

/** Sends a byte and waits for it to come back. */
function echo(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    if (!socket.writable) {
      resolve(false);
      return;
    }
    const done = (works: boolean) => (): void => {
      socket.off("data", yes);
      socket.off("close", no);
      resolve(works);
    };
    const yes = done(true);
    const no = done(false);
    socket.once("data", yes);
    socket.once("close", no);
    socket.write("x");
  });
}

async function open(setup: SuiteSetup): Promise<SuiteSite> {
  const there = new Set<Socket>();
  let most = 0;
  let isDown = false;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (isDown) {
      socket.resetAndDestroy();
      return;
    }
    there.add(socket);
    most = Math.max(most, there.size);
    socket.on("close", () => there.delete(socket));
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pool: Pool<Socket> = new Pool<Socket>(
    {
      async open(signal) {
        const socket = connect({ port, host: "127.0.0.1", signal });
        socket.on("error", () => {});
        await once(socket, "connect", { signal });
        // A server that is down takes the connection and drops it: only an answer says that it is there.
        if (!(await echo(socket))) throw new Error("the server hung up");
        socket.on("close", () => pool.lost(socket, "server_closed"));
        return socket;
      },
      async close(socket) {
        // The server has counted it out when its own end comes back.
        if (!socket.closed) await once(socket.end(), "close");
      },
    },
    setup,
  );
  const leaseOf = async (call: Promise<{ value: Socket; release(end?: "caller_broke_it"): void }>): Promise<SuiteLease> => {
    const { value, release } = await call.then((lease) => ({ value: lease.value, release: lease.release.bind(lease) }));
    return { id: value, works: () => echo(value), release: (broken) => (broken === true ? release("caller_broke_it") : release()) };
  };
  return {
    pool: {
      acquire: (ask) => leaseOf(pool.acquire(ask)),
      stats: () => pool.stats(),
      resize: (max) => pool.resize(max),
      close: () => pool.close(),
    },
    connections: () => there.size,
    peak: () => most,
    async cut() {
      const cut = [...there];
      for (const socket of cut) socket.resetAndDestroy();
      await Promise.all(cut.map((socket) => (socket.closed ? null : once(socket, "close"))));
    },
    down: async (is) => {
      isDown = is;
      for (const socket of is ? there : []) socket.resetAndDestroy();
    },
    async end() {
      await pool.close();
      for (const socket of there) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

poolSuite("Pool<T> over sockets", open, {
  fifo: true,
  lifo: true,
  abort: true,
  queue: true,
  resize: true,
  notices: true,
  idle: true,
  age: true,
  requests: true,
});

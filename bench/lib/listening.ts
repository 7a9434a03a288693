/**
 * Ports for programs that are not ours: a free one, and the wait until such a program listens on it.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";

const startMsMax = 10_000;

/** A port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when `child` listens on `port`; rejects with what it said when it ends, or takes more than 10 s. */
export async function listens(port: number, child: ChildProcess, said: () => string): Promise<void> {
  const deadline = performance.now() + startMsMax;
  for (;;) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.unref();
      socket.once("connect", () => socket.destroy());
    });
    if (isUp) return;
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${child.spawnfile} does not listen: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

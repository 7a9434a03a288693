/**
 * A proxy before a database that counts connections as the other side sees them, cuts them, and takes none while it is down.
 */
import { connect, createServer, type Socket } from "node:net";
import type { DatabaseAddress } from "../../../../scripts/test-support/databases.ts";
import type { SuiteSite } from "../../src/testing/index.ts";

export interface CountedProxy extends Pick<SuiteSite, "connections" | "peak" | "cut" | "down"> {
  readonly address: DatabaseAddress;
  close(): Promise<void>;
}

export async function countedProxy(behind: DatabaseAddress): Promise<CountedProxy> {
  const open = new Set<Socket>();
  let peak = 0;
  let isDown = false;
  const server = createServer((client) => {
    client.on("error", () => undefined);
    if (isDown) {
      client.destroy();
      return;
    }
    open.add(client);
    peak = Math.max(peak, open.size);
    const onward = connect(behind.port, behind.host);
    onward.on("error", () => undefined);
    client.pipe(onward).pipe(client);
    client.once("close", () => {
      open.delete(client);
      onward.destroy();
    });
    onward.once("close", () => client.end());
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("Expected a port");
  const cut = async (): Promise<void> => {
    for (const client of open) client.destroy();
  };
  return {
    address: { ...behind, port: bound.port },
    connections: () => open.size,
    peak: () => peak,
    cut,
    down: async (is) => {
      isDown = is;
      if (is) await cut();
    },
    close: async () => {
      await cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

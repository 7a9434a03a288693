/**
 * One request to a server of this process itself, before the run: so that compiling the code that sends requests is not taken for the queue
 * or the network of the first one.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { httpPool } from "@holdfast/pool";

/** Never rejects: where no port may be opened, the first request is merely slower. */
export async function warmUp(): Promise<void> {
  const server = createServer((_, response) => response.end());
  const listening = await new Promise<boolean>((resolve) => server.once("error", () => resolve(false)).listen(0, "127.0.0.1", () => resolve(true)));
  if (!listening) return;
  const pool = httpPool();
  try {
    for (let i = 0; i < 2; i++) await (await pool.request(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).body.dump();
  } catch {
    // As above.
  } finally {
    await pool.destroy();
    server.close();
    server.closeAllConnections();
  }
}

/**
 * A plain Node server with a guard before it, on a free port, for the tests of one question each.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ConnectionRow, type Ending, type Guard, type GuardOptions, guard } from "@holdfast/guard";

export interface Guarded {
  readonly server: Server;
  readonly guard: Guard;
  readonly port: number;
  /** How connections ended so far, in order. */
  readonly endings: (Ending & { readonly row: ConnectionRow })[];
  stop(): Promise<void>;
}

export async function guarded(options: Partial<GuardOptions>, answer: RequestListener): Promise<Guarded> {
  const server = createServer(answer);
  const endings: Guarded["endings"] = [];
  const made = guard(server, options, { ended: (row, ending) => endings.push({ ...ending, row }) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    server,
    guard: made,
    port: (server.address() as AddressInfo).port,
    endings,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      made.release();
    },
  };
}

/** Waits until `fact` holds. */
export async function until(fact: () => boolean, what: () => string = () => "it", withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`not in ${withinMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

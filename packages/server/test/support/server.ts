/**
 * A real server on a free port over a memory engine, for tests of transports and the HTTP interface.
 */
import { memoryEngine } from "../../src/engines/memory.ts";
import { createServer, type HoldfastServer, nodeEnv, type ServerOptions, type ServerParts } from "../../src/index.ts";

export interface TestServer {
  readonly server: HoldfastServer;
  readonly port: number;
  readonly url: string;
  /** Posts JSON and returns the answer. */
  post(stream: string, body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }>;
  stop(): Promise<void>;
}

export async function testServer(options: Partial<ServerOptions> = {}, parts: Partial<ServerParts> = {}): Promise<TestServer> {
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 50, ...options }, ...parts });
  const { port, url } = await server.listen();
  return {
    server,
    port,
    url,
    post: async (stream, body, headers = {}) => {
      const response = await fetch(`${url}/v1/streams/${stream}`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    stop: () => server.close(),
  };
}

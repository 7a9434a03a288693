/**
 * An `Http2Origin` before a real server, and requests as handlers see them: what came, in which order, and how it ended.
 */
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, type Server } from "node:net";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import type { Dispatcher } from "undici";
import { nodePoolEnv } from "../../../src/adapters/env.ts";
import type { Connected } from "../../../src/connect/connector.ts";
import type { Http2Options } from "../../../src/http2/options.ts";
import { Http2Origin } from "../../../src/http2/origin.ts";
import { WindowBudget } from "../../../src/http2/window-budget.ts";
import type { RequestTrace } from "../../../src/phases.ts";

const noPhases = { dnsMs: null, tcpMs: 1, tlsMs: null };

/** A plain connection, spoken to by prior knowledge. */
export async function plain(port: number): Promise<Connected> {
  const socket = connectTcp(port, "127.0.0.1");
  await once(socket, "connect");
  return { socket, protocol: "h2", peer: `127.0.0.1:${port}`, address: "127.0.0.1", tls: null, phases: noPhases };
}

export async function encrypted(port: number, ca: string): Promise<Connected> {
  const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  const tls = { version: String(socket.getProtocol()), resumed: socket.isSessionReused() };
  return { socket, protocol: socket.alpnProtocol === "h2" ? "h2" : "http/1.1", peer: `127.0.0.1:${port}`, address: "127.0.0.1", tls, phases: noPhases };
}

/** What a handler was told. */
export interface Told {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly informed: readonly number[];
  readonly body: Buffer;
  readonly trailers: Record<string, unknown>;
  readonly trace: RequestTrace;
}

export interface Ask extends Partial<Dispatcher.DispatchOptions> {
  /** Called with each piece of the answer. */
  readonly onData?: (controller: Dispatcher.DispatchController, chunk: Buffer) => void;
  readonly onStart?: (controller: Dispatcher.DispatchController) => void;
  readonly onHeaders?: (controller: Dispatcher.DispatchController) => void;
}

/** An origin and the requests to it. */
export interface Client {
  readonly origin: Http2Origin;
  readonly budget: WindowBudget;
  ask(path: string, ask?: Ask): Promise<Told>;
  /** The code of the error that it fails with; fails itself when it does not. */
  failure(path: string, ask?: Ask): Promise<string>;
  /** Connections made so far. */
  readonly connections: () => number;
}

export interface ClientSettings extends Partial<Http2Options> {
  readonly connect?: () => Promise<Connected>;
  readonly budget?: WindowBudget;
}

/** A client of what listens on `port`; it is destroyed after the test. */
export function client(
  t: TestContext,
  port: number,
  { connect = () => plain(port), budget = new WindowBudget(2 ** 28), ...options }: ClientSettings = {},
): Client {
  let connections = 0;
  const counted = (): Promise<Connected> => {
    connections++;
    return connect();
  };
  const origin = new Http2Origin(counted, options, nodePoolEnv, budget);
  t.after(() => origin.destroy(new Error("the test is over")));
  const ask = (path: string, given: Ask = {}): Promise<Told> => request(origin, port, path, given);
  return {
    origin,
    budget,
    ask,
    failure: async (path, given) => {
      const told = await ask(path, given).then(
        ({ status }) => `answered ${status}`,
        (error: Error & { readonly code?: string }) => error.code ?? error.message,
      );
      return told;
    },
    connections: () => connections,
  };
}

function request(origin: Http2Origin, port: number, path: string, { onData, onStart, onHeaders, ...options }: Ask): Promise<Told> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const informed: number[] = [];
    let told: Pick<Told, "status" | "headers" | "trailers"> | null = null;
    let ends = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => onStart?.(controller),
      onResponseStart: (controller, status, headers) => {
        if (status < 200) return void informed.push(status);
        told = { status, headers, trailers: {} };
        onHeaders?.(controller);
      },
      onResponseData: (controller, chunk) => {
        chunks.push(chunk);
        onData?.(controller, chunk);
      },
      onResponseEnd: (_controller, trailers) => {
        if (++ends > 1) throw new Error("a handler was told the end twice");
        if (told !== null) told = { ...told, trailers };
      },
      onResponseError: (_controller, error) => {
        if (++ends > 1) throw new Error("a handler was told the end twice");
        reject(error);
      },
    };
    const asked = { method: "GET", ...options, origin: `http://127.0.0.1:${port}`, path } as Dispatcher.DispatchOptions;
    origin.dispatch(asked, handler, (trace) => told !== null && resolve({ ...told, informed, body: Buffer.concat(chunks), trace }));
  });
}

/** Listens on a free port; closed after the test, with whatever is open. */
export async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  const keep = (socket: { destroy(): void; once(event: "close", call: () => void): unknown }): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", keep);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Looks until it holds; false after the deadline. */
export async function eventually(holds: () => boolean, deadlineMs = 15_000): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

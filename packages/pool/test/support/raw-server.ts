/**
 * An HTTP/1.1 server of bare bytes: each test says what is written after which request, and when the connection ends. It counts what arrives.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly head: string;
  readonly body: string;
}

export interface RawConnection {
  /** From 1. */
  readonly number: number;
  readonly socket: Socket;
  /** Requests that have arrived on it whole. */
  requests: number;
}

export interface RawServer extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly connections: readonly RawConnection[];
  /** All that arrived whole, on whichever connection. */
  readonly requests: readonly RawRequest[];
}

/** An answer with a length. */
export function answer(body: string, headers: Readonly<Record<string, string>> = {}, status = "200 OK"): string {
  const lines = Object.entries({ "Content-Length": String(Buffer.byteLength(body)), ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${body}`;
}

export async function rawServer(
  onRequest: (connection: RawConnection, request: RawRequest) => void,
  { host = "127.0.0.1", onConnection = (_: RawConnection): void => {} } = {},
): Promise<RawServer> {
  const connections: RawConnection[] = [];
  const requests: RawRequest[] = [];
  const server = createServer((socket) => {
    const connection: RawConnection = { number: connections.length + 1, socket, requests: 0 };
    connections.push(connection);
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let next = firstRequest(text); next !== null; next = firstRequest(text)) {
        text = text.slice(next.bytes);
        connection.requests++;
        requests.push(next.request);
        onRequest(connection, next.request);
      }
    });
    onConnection(connection);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${host}:${port}`,
    port,
    connections,
    requests,
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The first whole request of what has arrived, and its size; null: none is whole. */
function firstRequest(text: string): { readonly request: RawRequest; readonly bytes: number } | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = text.slice(0, end);
  const from = end + 4;
  const [method = "", path = ""] = head.split(" ");
  if (/transfer-encoding: chunked/i.test(head)) {
    const last = text.indexOf("0\r\n\r\n", from);
    return last < 0 ? null : { request: { method, path, head, body: text.slice(from, last) }, bytes: last + 5 };
  }
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return text.length < from + length ? null : { request: { method, path, head, body: text.slice(from, from + length) }, bytes: from + length };
}

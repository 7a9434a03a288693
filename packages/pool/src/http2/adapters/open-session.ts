/** Begins HTTP/2 on a connection that is made. The only place that takes values of node:http2. */
import { type ClientHttp2Session, connect } from "node:http2";
import type { Connected } from "../../connect/connector.ts";
import { PoolError } from "../../pool-error.ts";

export interface Beginning {
  readonly streamBytes: number;
  readonly headerListBytesMax: number;
  readonly headersCountMax: number;
}

/** Node's unit of memory, for what one session may hold of frames and of what is being sent; bodies that arrive do not count. */
const sessionMemoryMiB = 64;
/** Ours are a liveness PING and one that measures; the rest is room for what others send on the same session. */
const pingsOpenMax = 10;

/** Resolves when frames may be sent; the peer's SETTINGS need not have come. */
export function openSession(connected: Connected, beginning: Beginning): Promise<ClientHttp2Session> {
  const { socket, protocol, peer } = connected;
  if (protocol !== "h2") {
    socket.destroy();
    return Promise.reject(new PoolError("connect_failed", `${peer} speaks ${protocol}, not HTTP/2`));
  }
  const { streamBytes, headerListBytesMax, headersCountMax } = beginning;
  return new Promise((resolve, reject) => {
    const wire = connect(connected.tls === null ? "http://origin" : "https://origin", {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamBytes, maxHeaderListSize: headerListBytesMax },
      maxHeaderListPairs: headersCountMax,
      maxSessionMemory: sessionMemoryMiB,
      maxOutstandingPings: pingsOpenMax,
    });
    const failed = (error: Error): void => reject(new PoolError("connect_failed", `HTTP/2 could not begin with ${peer}`, { cause: error }));
    const closed = (): void => failed(new Error("The connection closed"));
    wire.once("error", failed);
    wire.once("close", closed);
    wire.once("connect", () => {
      wire.off("close", closed);
      wire.off("error", failed);
      resolve(wire);
    });
  });
}

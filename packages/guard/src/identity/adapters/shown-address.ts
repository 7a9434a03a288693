/**
 * The addresses that a socket shows: those of a PROXY header in place of the socket's own, for everybody who asks the socket.
 * It must never show an address that no trusted header named.
 */
import type { Socket } from "node:net";
import type { ProxyHeader } from "../proxy-protocol/header.ts";

/** One end of a connection; all undefined for a Unix socket. */
export interface ShownEnd {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly family: string | undefined;
}

/** Whose connection it is. */
export interface ConnectionFacts {
  /** Where `remote` and `local` come from: a header, or the socket itself (`off`, LOCAL, UNKNOWN, UNSPEC). */
  readonly source: "header" | "socket";
  /** The client, and the address that it connected to. */
  readonly remote: ShownEnd;
  readonly local: ShownEnd;
  /** Who really connected: the proxy, when there is one. */
  readonly peer: ShownEnd;
  /** All that the header says; null when the listener takes none. */
  readonly header: ProxyHeader | null;
}

const remoteOf = (socket: Socket): ShownEnd => ({ address: socket.remoteAddress, port: socket.remotePort, family: socket.remoteFamily });
const localOf = (socket: Socket): ShownEnd => ({ address: socket.localAddress, port: socket.localPort, family: socket.localFamily });

/** The facts of a connection, of the header if it names its ends, else of the socket. */
export function factsOf(socket: Socket, header: ProxyHeader | null): ConnectionFacts {
  const peer = remoteOf(socket);
  if (header?.kind === "tcp") return { source: "header", remote: header.source, local: header.destination, peer, header };
  const nowhere: ShownEnd = { address: undefined, port: undefined, family: undefined };
  if (header?.kind === "unix") return { source: "header", remote: nowhere, local: nowhere, peer, header };
  return { source: "socket", remote: peer, local: localOf(socket), peer, header };
}

/** Makes a socket show what the header says. Properties of its own stand before the getters that it inherits. */
export function showFacts(socket: Socket, { source, remote, local }: ConnectionFacts): void {
  if (source === "socket") return;
  const shown = {
    ...{ remoteAddress: remote.address, remotePort: remote.port, remoteFamily: remote.family },
    ...{ localAddress: local.address, localPort: local.port, localFamily: local.family },
    address: () => (local.address === undefined ? {} : { ...local }),
  };
  for (const [name, value] of Object.entries(shown)) Object.defineProperty(socket, name, { value, configurable: true, enumerable: true });
}

/**
 * What finds a connection again when TLS has put another socket on top of it: both ask the same kernel socket for its two ends, and no
 * two open connections have the same four. Null for Unix sockets, and when the peer has already reset the connection.
 */
export function fourTuple(socket: Socket): string | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return remoteAddress === undefined || localAddress === undefined ? null : `${remoteAddress}|${remotePort}|${localAddress}|${localPort}`;
}

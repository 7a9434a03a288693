/**
 * One attempt at one address by TCP, and TLS on a connection that stands. Whatever does not become the caller's is destroyed here.
 */
import { isIP, type NetConnectOpts, type Socket, connect as tcpConnect } from "node:net";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import type { Attempt, Dial } from "../attempt-race.ts";
import type { Target } from "../connector.ts";

/** What a socket reads ahead; undici's own choice. */
const readBytes = 65_536;

/** Attempts at a port. The winner keeps a listener for errors that does nothing: until its user listens, an error is seen by its end alone. */
export function tcpDial(port: number): Dial<Socket> {
  return ({ address }, won, failed): Attempt => {
    const how: NetConnectOpts & { highWaterMark: number } = { host: address, port, noDelay: true, highWaterMark: readBytes };
    const socket = tcpConnect(how);
    const onConnect = (): void => {
      socket.off("error", onError).on("error", nobodyMinds);
      won(socket);
    };
    const onError = (error: Error): void => {
      socket.off("connect", onConnect);
      failed(error);
    };
    socket.once("connect", onConnect).once("error", onError);
    return {
      abandon: () => {
        socket.off("connect", onConnect).off("error", onError);
        destroyQuietly(socket);
      },
    };
  };
}

/** Ends a socket whose errors are nobody's any more. */
export function destroyQuietly(socket: Socket): void {
  socket.on("error", nobodyMinds);
  socket.destroy();
}

function nobodyMinds(): void {}

/** What TLS is spoken with, beside the target's own options. */
export interface SecureAsk {
  readonly socket: Socket;
  readonly target: Target;
  readonly session: Buffer | undefined;
  /** Every session that the server sends, also long after the handshake: those of TLS 1.3 come with its first answer. */
  readonly onSession: (session: Buffer) => void;
}

/** The handshake. Rejects with the signal's reason when that comes first; the socket is destroyed then. */
export function secure({ socket, target, session, onSession }: SecureAsk, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const servername = target.servername ?? target.host;
    const secured = tlsConnect({
      ...target.tls,
      socket,
      host: target.host,
      // An address is no server name (RFC 6066, section 3); the certificate is checked against it all the same.
      servername: isIP(servername) === 0 ? servername : "",
      ALPNProtocols: [...target.alpn],
      ...(session === undefined ? {} : { session }),
    });
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      secured.off("secureConnect", onSecure).off("error", onError).off("close", onClose);
    };
    const onSecure = (): void => {
      settle();
      resolve(secured.on("error", nobodyMinds));
    };
    const onError = (error: Error): void => {
      settle();
      destroyQuietly(secured);
      reject(error);
    };
    const onClose = (): void => onError(new Error("the connection was closed during the TLS handshake"));
    const onAbort = (): void => onError(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", onAbort, { once: true });
    secured.on("session", onSession).once("secureConnect", onSecure).once("error", onError).once("close", onClose);
  });
}

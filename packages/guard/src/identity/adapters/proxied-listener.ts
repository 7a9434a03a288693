/**
 * Puts an intake in front of a whole server (http, https, http2, tls, net): its `connection` event comes when the header is read.
 * It must never let a listener of the server see a socket before that, whenever the listener was added.
 */
import type { Server, Socket } from "node:net";
import type { ProxiedListenerOptions } from "../options.ts";
import { type IntakeHandlers, ProxyIntake } from "./accept-proxied.ts";

export interface ProxiedListener {
  readonly intake: ProxyIntake;
  /** Gives the server its connections directly again, and refuses those that wait. */
  detach(): void;
}

/**
 * Puts an intake in front of `server`. Its own `emit` is the one place through which Node hands over a connection, before every
 * listener there is or will be; taking the listeners away instead would miss those that are added later.
 * @param handlers told of each verdict; `accepted` right before the server's `connection` event
 */
export function proxiedListener(server: Server, options: ProxiedListenerOptions, handlers: Partial<IntakeHandlers> = {}): ProxiedListener {
  const emit = server.emit;
  const intake = new ProxyIntake(options, {
    accepted: (socket, facts) => {
      handlers.accepted?.(socket, facts);
      Reflect.apply(emit, server, ["connection", socket]);
    },
    refused: (refusal) => handlers.refused?.(refusal),
  });
  const ours = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== "connection") return Reflect.apply(emit, server, [event, ...args]);
    intake.take(args[0] as Socket);
    return true;
  };
  // A TLS socket asks its handle for the peer, so it is told before anybody looks; what cannot be told apart is not served.
  const onSecure = (tlsSocket: Socket): void => {
    if (intake.show(tlsSocket) === null) tlsSocket.destroy();
  };
  const onTlsError = (_error: Error, tlsSocket: Socket): void => {
    intake.show(tlsSocket);
  };
  Object.defineProperty(server, "emit", { value: ours, configurable: true, writable: true });
  server.prependListener("secureConnection", onSecure);
  server.prependListener("tlsClientError", onTlsError);
  return {
    intake,
    detach: () => {
      if (server.emit === ours) Object.defineProperty(server, "emit", { value: emit, configurable: true, writable: true });
      server.off("secureConnection", onSecure);
      server.off("tlsClientError", onTlsError);
      intake.close();
    },
  };
}

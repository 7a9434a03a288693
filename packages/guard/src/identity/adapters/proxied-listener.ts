/**
 * Puts an intake in front of a whole server (http, https, http2, tls, net): its `connection` event comes when the header is read.
 * It must never let a listener of the server see a socket before that, whenever the listener was added.
 */
import type { Server, Socket } from "node:net";
import { intercept } from "../../adapters/intercept.ts";
import type { ProxiedListenerOptions } from "../options.ts";
import { type IntakeHandlers, ProxyIntake } from "./accept-proxied.ts";

export interface ProxiedListener {
  readonly intake: ProxyIntake;
  /** Gives the server its connections directly again, and refuses those that wait. */
  detach(): void;
}

/**
 * Puts an intake in front of `server`. Whoever stood before the server already (a guard) then stands behind the intake, and sees
 * connections that show their clients: so this comes last, right before the server listens.
 * @param handlers told of each verdict; `accepted` right before the server's `connection` event
 */
export function proxiedListener(server: Server, options: ProxiedListenerOptions, handlers: Partial<IntakeHandlers> = {}): ProxiedListener {
  const inward = server.emit;
  const intake = new ProxyIntake(options, {
    accepted: (socket, facts) => {
      handlers.accepted?.(socket, facts);
      Reflect.apply(inward, server, ["connection", socket]);
    },
    refused: (refusal) => handlers.refused?.(refusal),
  });
  const undo = intercept(server, {
    connection: (socket: Socket) => {
      intake.take(socket);
      return true;
    },
    // A TLS socket asks its handle for the peer, so it is told before anybody looks.
    secureConnection: (tlsSocket: Socket) => intake.secured(tlsSocket) === null,
    tlsClientError: (_error: Error, tlsSocket: Socket) => {
      intake.show(tlsSocket);
      return false;
    },
  });
  return {
    intake,
    detach: () => {
      undo();
      intake.close();
    },
  };
}

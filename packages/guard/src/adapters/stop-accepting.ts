/**
 * Stops listening and nothing else. `http.Server#close` also destroys idle connections, on which a request may be under way.
 */
import { Server as NetServer } from "node:net";

/** The server takes no new connections; those that are open go on. */
export function stopAccepting(server: NetServer): void {
  if (server.listening) NetServer.prototype.close.call(server);
}

/** To be called when none is open any more: ends what Node's own `close` ends beside the listening, its timer above all. */
export function finishClosing(server: NetServer): void {
  server.close(() => {}); // It says that the server does not listen, which is so.
}

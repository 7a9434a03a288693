/**
 * Opens a WebSocket as browsers do. Node has open-socket-node.ts in its place (package.json, `imports`).
 */

/** A WebSocket, and what only some platforms can do with it. */
export interface PlatformSocket extends WebSocket {
  /** Ends the connection without the peer's consent. */
  destroy?(): void;
}

/** Opens one. `onActivity` is called for bytes that come, whole messages or not, where the platform tells of them: browsers do not. */
export const openSocket: (url: string, subprotocol: string, onActivity: () => void) => PlatformSocket = (url, subprotocol) => new WebSocket(url, subprotocol);

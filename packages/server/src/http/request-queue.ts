/**
 * Requests that were sent before the one ahead of them was answered. They wait for their turn unread, a few per connection:
 * behind a link's response, which may have no end, nothing must be processed or pile up.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limits } from "@holdfast/protocol";

const waiting = new WeakMap<Socket, number>();

/** Calls `take` when it is this request's turn to be answered. False: too many wait on its connection already. */
export function inTurn(request: IncomingMessage, response: ServerResponse, take: () => void): boolean {
  if (response.socket !== null) {
    take();
    return true;
  }
  const { socket } = request;
  const count = waiting.get(socket) ?? 0;
  if (count >= limits.pipelinedRequestsMax.value) return false;
  waiting.set(socket, count + 1);
  response.once("socket", () => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
    take();
  });
  return true;
}

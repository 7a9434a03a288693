/**
 * Ends an event stream of the host's when its server is left. The protocol has one word for that, `retry`, and it may only stand between two
 * events; a parser discards an event that is cut off, so the end itself loses nothing that a client was told is whole.
 */
import type { ServerResponse } from "node:http";

/** Browsers wait from 3 to 5 s otherwise; the slots have spread them already. */
const retryMs = 1_000;

/** Watches from now on where events end. The returned call ends the stream, once. */
export function eventStreamLeaver(response: ServerResponse): () => void {
  const write = response.write.bind(response) as (chunk: unknown, ...rest: unknown[]) => boolean;
  const end = response.end.bind(response);
  let isBetweenEvents = false;
  let isOver = false;
  response.write = ((chunk: unknown, ...rest: unknown[]): boolean => {
    // The host's stream is over, although it may not have noticed: what it writes until its `close` event goes nowhere, as with a peer that left.
    if (isOver) {
      callBack([chunk, ...rest]);
      return true;
    }
    isBetweenEvents = endsEvent(chunk);
    return write(chunk, ...rest);
  }) as ServerResponse["write"];
  response.end = ((...given: unknown[]): ServerResponse => {
    if (isOver) callBack(given);
    else (end as (...given: unknown[]) => ServerResponse)(...given);
    isOver = true;
    return response;
  }) as ServerResponse["end"];
  return () => {
    if (isOver || response.writableEnded) return;
    if (isBetweenEvents) write(`retry: ${retryMs}\n\n`);
    end();
    isOver = true;
  };
}

/** Whoever waits until its bytes have left must not wait for ever. */
function callBack(given: readonly unknown[]): void {
  const last = given.at(-1);
  if (typeof last === "function") process.nextTick(last as () => void);
}

function endsEvent(chunk: unknown): boolean {
  const tail = typeof chunk === "string" ? chunk.slice(-4) : chunk instanceof Uint8Array ? Buffer.from(chunk.subarray(-4)).toString("latin1") : "";
  return /(?:\r\n|\n|\r)(?:\r\n|\n|\r)$/.test(tail) && !/^[^\r\n]*\r\n$/.test(tail);
}

/**
 * Ends an event stream of the host's when its server is left. The protocol has one word for that, `retry`, and it may only stand between two
 * events; a parser discards an event that is cut off, so the end itself loses nothing that a client was told is whole.
 */
import type { ServerResponse } from "node:http";

/** Browsers wait from 3 to 5 s otherwise; the slots have spread them already. */
const retryMs = 1_000;

export interface EventStreamLeaver {
  /** Ends the stream where the event under way ends, which is only known once the host has written again. */
  endSoon(): void;
  /** Ends it now. */
  end(): void;
}

/** Watches from now on where events end. `over` is called once, when the stream has been ended from here. */
export function eventStreamLeaver(response: ServerResponse, over: () => void): EventStreamLeaver {
  const write = response.write.bind(response) as (chunk: unknown, ...rest: unknown[]) => boolean;
  const end = response.end.bind(response);
  let isBetweenEvents = false;
  let isDue = false;
  let isOver = false;
  const finish = (): void => {
    if (isOver || response.writableEnded) return;
    if (isBetweenEvents) write(`retry: ${retryMs}\n\n`);
    end();
    isOver = true;
    over();
  };
  response.write = ((chunk: unknown, ...rest: unknown[]): boolean => {
    // The host's stream is over, although it may not have noticed: what it writes until its `close` event goes nowhere, as with a peer that left.
    if (isOver) {
      callBack([chunk, ...rest]);
      return true;
    }
    isBetweenEvents = endsEvent(chunk);
    const isTaken = write(chunk, ...rest);
    if (isDue && isBetweenEvents) finish();
    return isTaken;
  }) as ServerResponse["write"];
  response.end = ((...given: unknown[]): ServerResponse => {
    if (isOver) callBack(given);
    else (end as (...given: unknown[]) => ServerResponse)(...given);
    isOver = true;
    return response;
  }) as ServerResponse["end"];
  const endSoon = (): void => {
    isDue = true;
    if (isBetweenEvents) finish();
  };
  return { endSoon, end: finish };
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

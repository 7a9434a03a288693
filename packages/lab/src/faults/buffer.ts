/**
 * Buffer: a hop that holds HTTP responses back until they are complete, or until its buffer is full, as a reverse proxy does that was not
 * told otherwise. Whoever streams a response sees nothing come; nothing is lost.
 */

import type { Fault, Stage } from "../fault.ts";
import { HttpResponses } from "../http-responses.ts";
import { checkWhole } from "../options.ts";

export interface BufferOptions {
  /**
   * Bytes of a response that are held before they are passed on together. More than the proxy's `bufferBytesMax` are never held: then the
   * sender is not read any more, and the response stands still until it is removed. @default 65536
   */
  readonly holdBytes?: number;
}

const startsResponse = (bytes: Uint8Array): boolean => new TextDecoder("latin1").decode(bytes.subarray(0, 7)) === "HTTP/1.";

/**
 * Holds back what the server answers: a response goes on when it is complete, when `holdBytes` are there, or when the connection ends.
 * Requests, upgraded connections (WebSocket) and what is no HTTP/1 pass untouched. On a connection that was open before, it begins with
 * the next response. Strikes: once per chunk held back.
 */
export function buffer(options: BufferOptions = {}): Fault {
  const holdBytes = checkWhole("holdBytes", options.holdBytes ?? 65_536, 1);
  return {
    name: "buffer",
    async pipe(stage) {
      if (stage.direction === "to-client") await hold(stage, holdBytes);
    },
  };
}

async function hold(stage: Stage, holdBytes: number): Promise<void> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const release = (): void => {
    for (const bytes of held) stage.write({ kind: "bytes", bytes });
    held = [];
    heldBytes = 0;
  };
  let responses = stage.bytesBefore === 0 ? new HttpResponses() : null;
  for (let item = await stage.read(); item !== null; item = await stage.read()) {
    if (item.kind !== "bytes") {
      release();
      stage.write(item);
      continue;
    }
    const { bytes } = item;
    // In the middle of something that began before, only the head of a response tells where we are.
    if (responses === null && startsResponse(bytes)) responses = new HttpResponses();
    const complete = responses === null || responses.isTunnel ? bytes.length : responses.feed(bytes);
    const passes = responses?.isTunnel === true ? bytes.length : complete;
    if (passes > 0) {
      release();
      stage.write({ kind: "bytes", bytes: bytes.subarray(0, passes) });
    }
    if (passes === bytes.length) continue;
    stage.strike();
    held.push(bytes.subarray(passes));
    heldBytes += bytes.length - passes;
    if (heldBytes >= holdBytes) release();
  }
  release();
}

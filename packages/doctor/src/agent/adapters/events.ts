/**
 * Answers that take their time: a stream of events with the server's clock in each, and an answer that is held back. The first event is
 * the hello, so that whoever reads knows on which connection it comes.
 */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { EventsAsk } from "../ask.ts";
import type { AgentCode } from "../refusals.ts";
import type { AgentHello, AgentTick } from "../wire.ts";
import { Held, type Shared } from "./held.ts";

/** Bytes that no hop can compress away, as text. */
const padding = (bytes: number): string =>
  randomBytes(Math.ceil((bytes * 3) / 4))
    .toString("base64url")
    .slice(0, bytes);

export function streamEvents(shared: Shared, hello: AgentHello, response: ServerResponse, ask: EventsAsk): void {
  const isEvents = ask.type === "text/event-stream";
  const held = new Held(shared, hello.connId, (code) => endStream(response, isEvents, code));
  response.once("close", () => held.release());
  response.writeHead(200, {
    "Content-Type": ask.type,
    "Cache-Control": ask.noTransform ? "no-cache, no-transform" : "no-cache",
    ...(ask.accelNo ? { "X-Accel-Buffering": "no" } : {}),
  });
  const write = (text: string): void => {
    if (!held.moved(text.length)) return;
    response.write(text);
    held.waiting(response.writableLength);
  };
  write(isEvents ? `event: hello\ndata: ${JSON.stringify(hello)}\n\n` : `${JSON.stringify(hello)}\n`);
  let seq = 0;
  const isDone = (): boolean => {
    if (ask.count === seq) {
      held.release();
      response.end();
    }
    return held.over || ask.silentAfter === seq;
  };
  if (isDone()) return;
  held.every(ask.everyMs, () => {
    seq++;
    const tick: AgentTick = { seq, at: Date.now(), ...(ask.bytes > 0 ? { pad: padding(ask.bytes) } : {}) };
    const json = JSON.stringify(tick);
    write(!isEvents ? `${json}\n` : ask.comment ? `: ${json}\n\n` : `id: ${seq}\ndata: ${json}\n\n`);
    if (isDone()) held.every(0, null);
  });
}

/** A reader that does not read is not told. */
function endStream(response: ServerResponse, isEvents: boolean, code: AgentCode | null): void {
  if (code === "agent_slow_reader") response.destroy();
  else if (code === null) response.end();
  else response.end(isEvents ? `event: end\ndata: ${JSON.stringify({ code })}\n\n` : `${JSON.stringify({ code })}\n`);
}

/** Nothing is said before the time is over, not even the head of the answer: that is what deadlines for answers count. */
export function holdAnswer(shared: Shared, hello: AgentHello, response: ServerResponse, ms: number, answer: (body: object) => void): void {
  const held = new Held(shared, hello.connId, () => response.destroy());
  response.once("close", () => held.release());
  held.after(Math.max(1, ms), () => {
    held.release();
    answer({ ...hello, heldMs: ms });
  });
}

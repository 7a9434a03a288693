/**
 * Links carried by requests, as a client sees them: over bare HTTP, with the messages put together again by the standard's parser.
 */

import { EventStreamParser, type StreamEvent } from "../../../../scripts/test-support/event-stream.ts";
import { RawHttp, requestBytes } from "../../../../scripts/test-support/raw-http.ts";

export type Message = Record<string, unknown>;
export const helloLine = '{"type":"hello","protocol":1}';
const textType = { "Content-Type": "text/plain;charset=UTF-8" };

/** The body of a request that is a link: a hello, then these messages. */
export function linkBody(...messages: readonly (Message | string)[]): string {
  return [helloLine, ...messages.map((message) => (typeof message === "string" ? message : JSON.stringify(message)))].join("\n");
}

/** A `POST` that is a link. */
export function linkRequest(path: string, port: number, body: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  return requestBytes("POST", path, port, { ...textType, ...headers }, body);
}

/** The events of a response, as far as they are complete. */
export function eventsOf(http: RawHttp, lastEventId = ""): EventStreamParser {
  const parser = new EventStreamParser(lastEventId);
  parser.push(http.response?.body ?? Buffer.alloc(0));
  return parser;
}

/** The messages of events, in order. */
export function messagesOf(events: readonly StreamEvent[]): Message[] {
  return events.flatMap(({ data }) => data.split("\n").map((line) => JSON.parse(line) as Message));
}

/** The messages of an event stream so far. */
export const sseMessages = (http: RawHttp): Message[] => messagesOf(eventsOf(http).events);

/** The messages of a poll's answer so far: whole lines only. */
export function pollMessages(http: RawHttp): Message[] {
  return http.text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Message);
}

export const ofType = (messages: readonly Message[], type: string): Message[] => messages.filter((message) => message["type"] === type);

/** Posts a link and leaves it open. */
export function openSse(port: number, ...messages: readonly Message[]): Promise<RawHttp> {
  return RawHttp.send(port, linkRequest("/v1/sse", port, linkBody(...messages)));
}

/** Posts a poll and waits for all of its answer. */
export async function poll(port: number, ...messages: readonly (Message | string)[]): Promise<Message[]> {
  const http = await RawHttp.send(port, linkRequest("/v1/poll", port, linkBody(...messages)));
  await http.whole();
  http.destroy();
  return pollMessages(http);
}

/** Follows `GET /v1/sse` as a native client does. */
export function getSse(port: number, query: string, lastEventId?: string): Promise<RawHttp> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
  return RawHttp.send(port, requestBytes("GET", `/v1/sse?${query}`, port, { Accept: "text/event-stream", ...headers }));
}

/**
 * What differs between a response of HTTP/1.1 and Node's stand-in for one of HTTP/2, and nothing else does: whoever answers asks here,
 * and never looks for the version itself.
 */
import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";

export type AnyResponse = ServerResponse | Http2ServerResponse;

export const isHttp2 = (response: AnyResponse): response is Http2ServerResponse => "stream" in response;

const closing = { Connection: "close" };

/** Says that an answer is the last one of its connection. HTTP/2 has no such header (RFC 9113, section 8.2.2): there it is for guard to leave the session. */
export function lastOfConnection(response: AnyResponse): Readonly<Record<string, string>> {
  return isHttp2(response) ? {} : closing;
}

/** Whether nobody reads the response any more. The stand-in does not know. */
export function isOver(response: AnyResponse): boolean {
  return isHttp2(response) ? response.stream.destroyed : response.closed;
}

/** Ends a response in the middle, so that nobody takes it for a whole one: without an error a stream of HTTP/2 would end in good order. */
export function cutOff(response: AnyResponse): void {
  if (isHttp2(response)) response.stream.destroy(new Error("The response was cut off"));
  else response.destroy();
}

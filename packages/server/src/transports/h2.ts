/**
 * `POST /v1/link` over HTTP/2: links for programs, both ways on one stream of a session that carries many. The address is that of WebSocket
 * links; whoever asks otherwise is told what it speaks.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import { linkContentType } from "@holdfast/protocol";
import { refuse } from "../http/respond.ts";
import { isHttp2 } from "../http/response-version.ts";
import { H2Carrier } from "./h2-stream.ts";
import type { RequestTransport, TransportParts } from "./request-transport.ts";

const otherwise = "this address speaks WebSocket, and over HTTP/2 also POST";

/** `POST /v1/link`, and what everybody else is told there. */
export function h2Transport(parts: TransportParts): RequestTransport {
  const { counters } = parts.hub;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const isLink = isHttp2(response) && request.method === "POST";
    if (!isLink) {
      if (!isHttp2(response)) response.setHeader("Upgrade", "websocket");
      return refuse(counters, response, "protocol_unsupported", otherwise);
    }
    const { headers } = request;
    if (headers["content-type"] !== linkContentType || headers["content-encoding"] !== undefined) {
      return refuse(counters, response, "unsupported_media_type", `expected ${linkContentType}, without Content-Encoding`);
    }
    const { stream } = response;
    // The client may have left while others were asked.
    if (!stream.destroyed && stream.session !== undefined) new H2Carrier(stream, stream.session as ServerHttp2Session, response, parts).open(request);
  }

  return { path: "/v1/link", methods: ["GET", "HEAD", "POST"], answer };
}

/**
 * What is wrong with a request although Node's parser takes it: repetitions that the next reader may resolve otherwise, and headers that
 * Node cuts off unseen. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { EndCode } from "../ends.ts";
import { tooEarly } from "../tls/too-early.ts";

/** The part of an IncomingMessage that is judged. */
export interface RequestHead {
  readonly httpVersionMajor: number;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly method?: string | undefined;
}

export interface RequestFault {
  readonly code: EndCode;
  readonly status: number;
  readonly message: string;
}

/** Headers of which a second one is an attack or a defect (RFC 9112, section 3.2; RFC 6455, section 4.1; RFC 6454, section 7). */
const once: ReadonlySet<string> = new Set(["host", "origin", "authorization", "sec-websocket-key", "content-length", "content-type"]);

/** Why the request is refused, or null. */
export function requestFault({ httpVersionMajor, rawHeaders, headers, method = "" }: RequestHead, headersCountMax: number): RequestFault | null {
  if (httpVersionMajor < 1) return { code: "bad_request", status: 400, message: "HTTP/0.9 is not spoken here" };
  if (rawHeaders.length / 2 > headersCountMax) return { code: "headers_too_large", status: 431, message: `expected at most ${headersCountMax} header lines` };
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (!once.has(name)) continue;
    if (seen.has(name)) return { code: "bad_request", status: 400, message: `expected one ${name} header` };
    seen.add(name);
  }
  return tooEarly(headers, method) ? { code: "too_early", status: 425, message: "this came as TLS early data; send it again after the handshake" } : null;
}

/** The code for what Node's parser or timers refuse, by the code of Node's error. */
export function parserFault(errorCode: string | undefined): { readonly code: EndCode; readonly status: number } {
  switch (errorCode) {
    case "HPE_HEADER_OVERFLOW":
      return { code: "headers_too_large", status: 431 };
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return { code: "bad_request", status: 413 };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { code: "header_timeout", status: 408 };
    default:
      return { code: "bad_request", status: 400 };
  }
}

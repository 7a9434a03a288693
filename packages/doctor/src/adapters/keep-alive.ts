/**
 * Whether a connection of HTTP/1.1 is kept for a second request. `Connection: keep-alive` in an answer proves nothing: what counts is a second
 * answer on the same connection, which had nothing to set up.
 */
import type { Clock } from "@holdfast/protocol";
import type { HttpFact, KeepAliveFact } from "../facts.ts";
import { announcedIdleMs, type Head, keepsConnection } from "../probes/http1-answer.ts";
import type { Dialler } from "./dial.ts";
import { bodyBytesMax, type Exchanged, exchange, type RequestHead } from "./http1.ts";

export interface KeepAliveSeen {
  readonly http: Omit<HttpFact, "http2">;
  readonly keepAlive: KeepAliveFact;
  /** A request whose answer ends: others use it to see whether a connection is alive. Null: none was found. */
  readonly quiet: RequestHead | null;
}

/** An answer must have come within this, else the target is not examined further. */
export const firstAnswerMsMax = 15_000;

/** The URL itself; where its answer does not end (an event stream), its head alone, then the origin's root. */
function candidates(request: RequestHead): RequestHead[] {
  return [request, { ...request, method: "HEAD" }, { ...request, path: "/" }];
}

/** Rejects when nothing was answered. */
export async function seeKeepAlive(dialler: Dialler, request: RequestHead, waitMs: number, clock: Clock): Promise<KeepAliveSeen> {
  let http: Omit<HttpFact, "http2"> | null = null;
  let fault = "";
  for (const candidate of candidates(request)) {
    const line = await dialler.dial({ alpn: ["http/1.1"] });
    try {
      const limits = { waitMs, bodyBytesMax };
      const first = await exchange(line, candidate, limits, clock);
      const head = headOf(first);
      if (http === null && head !== null) http = httpOf(head);
      if (first.is !== "answered") {
        fault = faultOf(first);
        continue;
      }
      const phases = { tcpMs: line.tcpMs, tlsMs: line.tlsMs, waitMs: first.waitMs, bodyMs: first.bodyMs };
      const told = {
        connection: first.head.headers["connection"] ?? null,
        keepAlive: first.head.headers["keep-alive"] ?? null,
        announcedMs: announcedIdleMs(first.head.headers["keep-alive"]),
      };
      const isKept = keepsConnection(first.head) && !first.untilEnd;
      const second = isKept ? await exchange(line, candidate, limits, clock) : null;
      const reused = second?.is === "answered";
      return {
        http: http ?? httpOf(first.head),
        keepAlive: {
          reused,
          first: phases,
          second: second?.is === "answered" ? { tcpMs: null, tlsMs: null, waitMs: second.waitMs, bodyMs: second.bodyMs } : null,
          ...told,
          fault: reused ? null : second === null ? notKept(first.head) : faultOf(second),
        },
        quiet: reused ? candidate : null,
      };
    } finally {
      line.close();
    }
  }
  throw new Error(`no answer over HTTP/1.1: ${fault}`);
}

const headOf = (exchanged: Exchanged): Head | null =>
  exchanged.is === "answered" || exchanged.is === "endless" || exchanged.is === "ended" ? exchanged.head : null;

function httpOf({ status, version, headers }: Head): Omit<HttpFact, "http2"> {
  return { status, version, headers, http3Announced: /(?:^|[\s,])h3\s*=/.test(headers["alt-svc"] ?? "") };
}

function notKept({ version, headers }: Head): string {
  if (/close/i.test(headers["connection"] ?? "")) return "the answer says `Connection: close`";
  return version === "1.0"
    ? "the answer is of HTTP/1.0 and does not say `Connection: keep-alive`"
    : "the body has neither a length nor chunks, so that it ends with the connection";
}

/** Why there is no answer, in words. */
export function faultOf(exchanged: Exchanged): string {
  switch (exchanged.is) {
    case "answered":
      return "it was answered";
    case "endless":
      return "the answer does not end";
    case "ended":
      return exchanged.end.how === "fin"
        ? "the connection was closed instead"
        : exchanged.end.how === "rst"
          ? "the connection was reset instead"
          : exchanged.end.why;
    case "silent":
      return "nothing came back in time";
    case "fault":
      return exchanged.why;
  }
}

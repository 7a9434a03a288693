/**
 * Whether a connection of HTTP/1.1 is kept for a second request. `Connection: keep-alive` in an answer proves nothing: what counts is a second
 * answer on the same connection, which had nothing to set up.
 */
import type { Clock } from "@holdfast/protocol";
import { type HttpFact, type KeepAliveFact, type Known, known, unknown } from "../facts.ts";
import { announcedIdleMs, type Head, keepsConnection } from "../probes/http1-answer.ts";
import type { Dialler } from "./dial.ts";
import { bodyBytesMax, type Exchanged, exchange, type RequestHead } from "./http1.ts";
import type { Line } from "./line.ts";

export interface KeepAliveSeen {
  readonly http: Omit<HttpFact, "http2">;
  readonly keepAlive: Known<KeepAliveFact>;
  /** A request whose answer ends: others use it to see whether a connection is alive. Null: none was found. */
  readonly quiet: RequestHead | null;
}

/** An answer must have come within this, else the target is not examined further. */
export const firstAnswerMsMax = 15_000;
/** And the rest of it within this: what lasts longer is asked for by its head alone. */
const restMsMax = 5_000;

/** The URL itself; where its answer does not end (an event stream), its head alone, then the origin's root. */
function candidates(request: RequestHead): RequestHead[] {
  return [request, { ...request, method: "HEAD" }, { ...request, path: "/" }];
}

/** Rejects when nothing was answered. What was cut short by the end of the examination is not known. */
export async function seeKeepAlive(dialler: Dialler, request: RequestHead, waitMs: number, clock: Clock, signal: AbortSignal): Promise<KeepAliveSeen> {
  let http: KeepAliveSeen["http"] | null = null;
  let fault = "";
  for (const [i, candidate] of candidates(request).entries()) {
    if (signal.aborted) break;
    const line = await dialler.dial({ alpn: ["http/1.1"] });
    try {
      // What the URL itself did not answer in time has had its time.
      const limits = { waitMs: i === 0 ? waitMs : waitMs / 3, restMs: Math.min(waitMs, restMsMax), bodyBytesMax };
      const first = await exchange(line, candidate, limits, clock);
      const head = headOf(first);
      if (http === null && head !== null) http = httpOf(head);
      if (first.is !== "answered") {
        fault = faultOf(first);
        continue;
      }
      const isKept = keepsConnection(first.head) && !first.untilEnd;
      const second = isKept ? await exchange(line, candidate, limits, clock) : null;
      const reused = second?.is === "answered";
      return { http: http ?? httpOf(first.head), keepAlive: keptOf(line, first, second, signal.aborted), quiet: reused ? candidate : null };
    } finally {
      line.close();
    }
  }
  if (http === null) throw new Error(`no answer over HTTP/1.1: ${fault}`);
  return { http, keepAlive: unknown(signal.aborted ? "the time was over" : fault), quiet: null };
}

type Answered = Extract<Exchanged, { readonly is: "answered" }>;

/** `second`: null where the first answer left no connection for it. */
function keptOf(line: Line, first: Answered, second: Exchanged | null, isOver: boolean): Known<KeepAliveFact> {
  const reused = second?.is === "answered";
  // That an answer takes long says nothing of the connection.
  if (second !== null && !reused && (isOver || second.is === "silent" || second.is === "endless"))
    return unknown(isOver ? "the time was over" : "the second request was not answered in time");
  const { headers } = first.head;
  return known({
    reused,
    first: { tcpMs: line.tcpMs, tlsMs: line.tlsMs, waitMs: first.waitMs, bodyMs: first.bodyMs },
    second: reused ? { tcpMs: null, tlsMs: null, waitMs: second.waitMs, bodyMs: second.bodyMs } : null,
    connection: headers["connection"] ?? null,
    keepAlive: headers["keep-alive"] ?? null,
    announcedMs: announcedIdleMs(headers["keep-alive"]),
    fault: reused ? null : second === null ? notKept(first.head) : faultOf(second),
  });
}

const headOf = (exchanged: Exchanged): Head | null =>
  exchanged.is === "answered" || exchanged.is === "endless" || exchanged.is === "ended" ? exchanged.head : null;

function httpOf({ status, version, headers }: Head): Omit<HttpFact, "http2"> {
  const cookies = headers["set-cookie"];
  // A cookie's name tells a hop; its value is somebody's session.
  const shown = cookies === undefined ? headers : { ...headers, "set-cookie": cookies.replaceAll(/=[^;,]*/g, "=...") };
  return { status, version, headers: shown, http3Announced: /(?:^|[\s,])h3\s*=/.test(headers["alt-svc"] ?? "") };
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

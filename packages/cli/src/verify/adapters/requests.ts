/**
 * The plain requests of a run: reading a log, and ending a stream that no link can end any more. Each carries the token that is good now,
 * which must never be part of an answer, even where a hop repeats what it was sent.
 */
import { type Answer, ask } from "../../adapters/http.ts";
import { bearer, tokenOf } from "../../adapters/token.ts";
import { type TokenSource, withoutToken } from "../../token.ts";

export interface Requests {
  /** Never rejects. */
  get(url: string): Promise<Answer>;
  /** Never rejects. `url` is the stream's resource. */
  endStream(url: string, limitMs: number): Promise<Answer>;
}

/** Requests as whom the source says; a log's page may take `getLimitMs`. */
export function openRequests(source: TokenSource, getLimitMs: number): Requests {
  const send = async (method: string, url: string, limitMs: number, more: Readonly<Record<string, string>>): Promise<Answer> => {
    try {
      const token = await tokenOf(source)();
      const answer = await ask(method, url, AbortSignal.timeout(limitMs), { ...more, ...bearer(token) });
      return answer.kind === "refused" ? { ...answer, body: withoutToken(answer.body, token) } : answer;
    } catch (thrown) {
      return { kind: "unreachable", reason: `cannot read the token: ${(thrown as Error).message}` };
    }
  };
  return {
    get: (url) => send("GET", url, getLimitMs, {}),
    endStream: (url, limitMs) => send("POST", url, limitMs, { "Holdfast-Close": "true" }),
  };
}

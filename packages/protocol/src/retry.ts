/**
 * What a client does after a code or a close code, as rules instead of a table, because browsers download this: the names of codes show
 * theirs, and close codes go by ranges. The table of codes (code-rules.ts) says the same code by code, and a test holds both together.
 */
import type { Code, Retry } from "./code-rules.ts";

/** Codes after which trying again, unchanged, cannot help. */
const stop = /^bad_|not_|unauth|unsupp|too_(?!many_links)|closed|^outbox_|^(aborted|fenced|forbidden|out_of_order|protocol_error|superseded)$/;
/** Codes after which a client comes back at once: the link has ended, and nothing has failed. */
const resume = /^(draining|heartbeat_lost|network_offline|rotated|slow_consumer|token_expired)$/;

const stopCloses = /^(100[2379]|4(50[^24]|5[1-9].|[6-9]..))$/;
/** Also whatever no Holdfast server declares (1000 and 1001, no code, a broken connection): hops end links so, and it is no verdict. */
const resumeCloses = /^(\d{1,3}|100[0156]|1012|400[1345])$/;

/** What a client does after a code. One that this version does not know is for now only, as `internal` is. */
export function retryOf(code: Code): Retry {
  return stop.test(code) ? "stop" : resume.test(code) ? "resume" : "backoff";
}

/** What to do after a WebSocket close code whose reason names no code that is known. */
export function retryOfClose(closeCode: number): Retry {
  const text = String(closeCode);
  return stopCloses.test(text) ? "stop" : resumeCloses.test(text) ? "resume" : "backoff";
}

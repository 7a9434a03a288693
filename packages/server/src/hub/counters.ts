/**
 * Counters of one hub: plain numbers, because the hot path adds to them. the metrics read them; nothing decides by them.
 */
import type { Code, GapReason } from "@holdfast/protocol";

export class Counters {
  linksAccepted = 0;
  /** Entries handed to links, and the bytes and writes that took. */
  deliveries = 0;
  deliveredBytes = 0;
  deliverWrites = 0;
  published = 0;
  publishedDuplicates = 0;
  /** Reads asked of the engine for pages, and pages served from the cache. */
  pageReads = 0;
  pageHits = 0;
  headReads = 0;
  tailEvictions = 0;
  /** Live events that did not continue the tail: the log was re-read. */
  tailDoubts = 0;
  resumesFromTail = 0;
  resumesFromPage = 0;
  resumesFromGap = 0;
  /** Questions that were put to whoever decides, and those of them that failed, had no answer in time, or found no room to wait. */
  authorizeAsked = 0;
  authorizeFailed = 0;
  authorizeLate = 0;
  authorizeCrowded = 0;
  /** Links that took another token while they ran. */
  renewals = 0;
  /** Links that were ended because access was revoked. */
  revokedLinks = 0;
  hookErrors = 0;
  readonly refused = new Map<Code, number>();
  readonly closed = new Map<Code, number>();
  readonly gaps = new Map<GapReason, number>();

  refuse(code: Code): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  close(code: Code): void {
    this.closed.set(code, (this.closed.get(code) ?? 0) + 1);
  }

  gap(reason: GapReason): void {
    this.gaps.set(reason, (this.gaps.get(reason) ?? 0) + 1);
  }
}

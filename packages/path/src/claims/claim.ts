/**
 * What a published claim is held against, and what came of it. Types only. Claims are told in our words and belong to nobody; a claim
 * without a verdict, or a verdict without evidence, can not be written.
 */
/** half: true for some case that the advice does not name. */
export type Verdict = "true" | "half" | "false";

export interface Claim {
  /** What is published, in our words. */
  readonly claim: string;
  readonly verdict: Verdict;
  readonly truth: string;
  /** measured: by a command or test of this repository. read: in the document or code that is named. */
  readonly by: "measured" | "read";
  readonly evidence: string;
  /** Codes of findings that treat it. */
  readonly findings?: readonly string[];
  /** Options that treat it, with their part: `guard proxyIdleMs`. */
  readonly options?: readonly string[];
  /** Pages of docs/ that treat it. */
  readonly pages?: readonly string[];
}

/**
 * The lab's errors: one class, a closed set of codes. Tests match the code, never the text.
 */

/**
 * - `closed`: the proxy or the fault waited on is gone.
 * - `limit`: more faults at once than `faultsMax`.
 * - `fault-contract`: a fault lost or invented bytes, or read twice at once; the message names it.
 */
export type LabErrorCode = "closed" | "limit" | "fault-contract";

/** A failure of the lab itself; what happens to proxied connections is never thrown. */
export class LabError extends Error {
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string) {
    super(`[${code}] ${message}`);
    this.name = "LabError";
    this.code = code;
  }
}

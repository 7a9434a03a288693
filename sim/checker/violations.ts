/**
 * What can go wrong, by name. A run is good when this list stays empty.
 */

export const violationKinds = {
  lost: "An entry between two deliveries was skipped and no gap said so, or a live reader never got it",
  duplicated: "An entry was delivered to one reader twice without a gap that allows it",
  reordered: "An entry was delivered after one that follows it, or the log has a producer's entries out of order",
  phantom: "An entry was delivered that is in no log",
  changed: "An entry's content is not what was published",
  "wrong-gap": "A gap was announced although nothing was lost, or for a place where the reader is not",
  "wrong-start": "A subscription began elsewhere than its `from` says",
  "wrong-end": "A stream was said to have ended that had not, or not there",
  "missing-after-ack": "A publish was acknowledged and its entry was not in the log",
  "doubled-in-log": "A publish is in the log twice",
  "refused-but-in-log": "A publish was refused for good and its entry is in the log",
  rewritten: "A log changed without a restore",
  liveness: "Something did not come to an end in time after healing",
  "false-live": "The client said live although nothing had been heard for longer than it promises",
  "dial-storm": "A client dialled again and again without a pause",
  "unbounded-queue": "More bytes waited at one link than its limits allow",
  leak: "Something was still held after everybody had left",
  crash: "An exception, a rejection or a call that a simulation must not make",
} as const;

export type ViolationKind = keyof typeof violationKinds;

export interface Violation {
  readonly kind: ViolationKind;
  readonly atMs: number;
  readonly text: string;
}

/** Collects violations. One cause easily breaks a thousand checks, so only the first few are kept; all are counted. */
export class Violations {
  readonly #kept: Violation[] = [];
  readonly #nowMs: () => number;
  count = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get first(): readonly Violation[] {
    return this.#kept;
  }

  add(kind: ViolationKind, text: string): void {
    this.count++;
    if (this.#kept.length < 8) this.#kept.push({ kind, atMs: this.#nowMs(), text });
  }
}

/**
 * What the ladder says of a path: the links, the timers that stand on each, what they violate, and the set of values that violates nothing.
 * Types only, data only: text, pictures and configurations are drawn from it, and lint holds files against it.
 */
import type { Place } from "./declared.ts";
import type { Grade, Knob, Product, Value } from "./knob.ts";

/** A knob of a hop of this path, with the value that holds there. */
export interface Setting {
  readonly hop: string;
  readonly knob: Knob;
  readonly value: Value;
  readonly from: "declared" | "default";
  readonly place: Place | null;
}

export interface ResolvedHop {
  readonly name: string;
  readonly product: Product;
  readonly version: string | null;
  readonly replicas: number;
  readonly processes: number;
  readonly settings: readonly Setting[];
}

/** Two hops that speak to each other, and the boxes below TCP between them. */
export interface Link {
  readonly sender: ResolvedHop;
  readonly receiver: ResolvedHop;
  readonly boxes: readonly ResolvedHop[];
  readonly rttMs: number;
  /** Whether the sender keeps connections for a further request. Null: unknown. */
  readonly reuse: boolean | null;
  /** The sender's idle timer, the receiver's, and the shortest memory of a box between. Null: there is none. */
  readonly senderIdle: Setting | null;
  readonly receiverIdle: Setting | null;
  readonly flowIdle: Setting | null;
  /** What the receiver adds to its timer by itself before it closes. */
  readonly receiverBufferMs: number;
}

/** The inequalities of docs/ladder.md. */
export type RuleId = "A1" | "A2" | "A3" | "A4" | "A5" | "B1" | "C1" | "C2" | "C3" | "C4" | "E1" | "P1" | "P2" | "L1" | "S1";

export type Severity = "error" | "warning" | "info";

/** One way to mend a violation. */
export interface Fix {
  /** A hop of the path; `streams` and `deploy` for what the path's owner decides about those. */
  readonly hop: string;
  readonly knob: string;
  readonly value: Value;
  readonly unit: Knob["unit"];
  /** What it costs, in words. */
  readonly cost: string;
}

export interface Violation {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** The code of its finding. */
  readonly code: string;
  /** `nginx -> node`, or the hop alone. */
  readonly where: string;
  /** One sentence. */
  readonly title: string;
  /** With the figures in it: `60 s + 6 s <= 6 s`. */
  readonly inequality: string;
  readonly operands: readonly Setting[];
  /** By how much it is broken, in the unit of the rule. */
  readonly missing: number;
  /** At most the worst grade of its operands. */
  readonly grade: Grade;
  /** Most sensible first. Two wherever two sides can give way. */
  readonly fixes: readonly Fix[];
}

/** A value that the ladder derives, and why. */
export interface Derived {
  readonly hop: string;
  readonly knob: string;
  readonly value: Value;
  readonly unit: Knob["unit"];
  readonly rule: RuleId;
  readonly why: string;
  /** False: it holds already. */
  readonly changed: boolean;
}

export interface StreamPlan {
  /** The shortest silence that an open stream survives, over all hops; null: none ends it. */
  readonly silenceMs: number | null;
  readonly limitedBy: Setting | null;
  readonly heartbeatMs: number;
  /** The longest period that survives a lost beat on this path; null: any. */
  readonly heartbeatMaxMs: number | null;
  /** Which bytes the heartbeat must be, so that every hop counts it. */
  readonly heartbeatOf: string;
  /** A dead connection is noticed within this, by either end. */
  readonly deadAfterMs: number;
  /** Planned reconnects come between these ages; null where nothing limits the age. */
  readonly reconnectMs: Readonly<{ from: number; to: number }> | null;
  readonly lifetimeLimitedBy: Setting | null;
}

/** One pool of connections against what its other end bears. */
export interface PoolPlan {
  readonly sender: string;
  readonly receiver: string;
  /** replicas x processes x pool, and how it is made up, in words. */
  readonly connectionsMax: number;
  readonly sum: string;
  /** Null: the receiver has no limit that is known. */
  readonly limit: number | null;
  readonly limitSum: string;
}

export interface DrainPlan {
  readonly unreadyMs: number;
  readonly drainMs: number;
  readonly terminationGraceMs: number;
  readonly why: string;
}

export interface Plan {
  readonly hops: readonly ResolvedHop[];
  readonly links: readonly Link[];
  readonly violations: readonly Violation[];
  /** The set that violates nothing, hop by hop. */
  readonly derived: readonly Derived[];
  readonly streams: StreamPlan;
  readonly pools: readonly PoolPlan[];
  readonly drain: DrainPlan;
  /** What no value can mend, in words: what the derived set leaves violated. */
  readonly impossible: readonly string[];
}

/**
 * Judges what one reader was given, in order: every delivery must be an edge of the tree of logs, every jump must be announced and due.
 * It knows nothing of links, restarts or faults: no fault excuses a violation.
 */
import { common, isOn, type LogNode, type StreamLog } from "./log-tree.ts";
import type { Violations } from "./violations.ts";

/** Where a subscription was asked to begin. */
export type AskedFrom = "first" | "now" | { readonly last: number } | { readonly after: string };

export interface SeenGap {
  readonly reason: string;
  readonly from: string;
  readonly after: string;
}

export class ReaderCheck {
  readonly name: string;
  readonly #log: StreamLog;
  readonly #violations: Violations;
  readonly #from: AskedFrom;
  readonly #askedMs: number;
  /** The newest entry at the time of asking. */
  readonly #tipThen: LogNode;
  readonly #hasSibling: boolean;
  #cursor: LogNode | null = null;
  /** Delivered since the last gap that allows repetition. */
  readonly #seen = new Set<LogNode>();
  #delivered = 0;
  #gaps = 0;
  #ended = false;

  /** `hasSibling`: the client reads the stream already, so that "now" may be where that reading is, with what is under way to both. */
  constructor(name: string, log: StreamLog, from: AskedFrom, when: { readonly nowMs: number; readonly hasSibling: boolean }, violations: Violations) {
    this.name = name;
    this.#log = log;
    this.#violations = violations;
    this.#from = from;
    this.#askedMs = when.nowMs;
    this.#tipThen = log.tip;
    this.#hasSibling = when.hasSibling;
    if (typeof from === "object" && "after" in from) this.#cursor = log.at(from.after).at(-1) ?? null;
  }

  get delivered(): number {
    return this.#delivered;
  }
  get gaps(): number {
    return this.#gaps;
  }
  get ended(): boolean {
    return this.#ended;
  }
  /** Whether the reader stands at the end of the log as it is. */
  get isAtTip(): boolean {
    return this.#cursor === this.#log.tip;
  }
  get place(): string {
    return this.#cursor === null ? "nowhere yet" : this.#cursor.position;
  }

  /** The reader was told where it begins. */
  began(position: string): void {
    if (this.#cursor !== null) return;
    const node = this.#log.at(position).at(-1);
    if (node === undefined) this.#violations.add("phantom", `${this.name}: begins at ${position}, which is in no log`);
    else this.#begin(node);
  }

  #begin(node: LogNode): void {
    this.#cursor = node;
    const fault = this.#startFault(node);
    if (fault !== null) this.#violations.add("wrong-start", `${this.name}: from ${JSON.stringify(this.#from)} begins at ${node.position}: ${fault}`);
  }

  #startFault(start: LogNode): string | null {
    const from = this.#from;
    if (from === "now" && this.#hasSibling) return null;
    const tips = this.#log.tipsSince(this.#askedMs);
    if (!tips.some((tip) => isOn(start, tip))) return "not a place of the log at that time";
    // A restore meanwhile moves all the bounds; that it is a place of the log must do then.
    if (tips.length > 1) return null;
    if (from === "first") return start.trimmed ? null : "entries before it are held";
    if (from === "now") return start.depth >= this.#tipThen.depth ? null : "older than the newest entry at that time";
    if ("after" in from) return null;
    const { last } = from;
    const { tip, trimmedTo } = this.#log;
    // One answer serves all local readers who ask the same, also one who asks while it is under way.
    if (!this.#hasSibling && start.depth < this.#tipThen.depth - last) return `more than ${last} entries before the newest`;
    return start.depth <= Math.max(tip.depth - last, trimmedTo.depth) || last === 0 ? null : `fewer than ${last} entries, and more are held`;
  }

  /** The reader was given an entry. */
  deliver(position: string, token: string): void {
    this.#delivered++;
    if (this.#ended) this.#violations.add("wrong-end", `${this.name}: got ${position} after the stream had ended`);
    const nodes = this.#log.at(position);
    const node = nodes.find((each) => each.token === token && each.parent === this.#cursor) ?? nodes.find((each) => each.token === token);
    if (node === undefined || node.parent === null) {
      const kind = nodes.length === 0 ? "phantom" : "changed";
      this.#violations.add(
        kind,
        `${this.name}: got ${position} as "${token}", the log has ${nodes.map((each) => `"${each.token}"`).join(", ") || "nothing there"}`,
      );
      return;
    }
    if (this.#cursor === null) this.#begin(node.parent);
    if (node.parent !== this.#cursor) this.#outOfPlace(node, this.#cursor as LogNode);
    this.#cursor = node;
    this.#seen.add(node);
  }

  #outOfPlace(node: LogNode, cursor: LogNode): void {
    const what = `${this.name}: got ${node.position} (${node.token}) after ${cursor.position} (${cursor.token})`;
    if (this.#seen.has(node)) this.#violations.add("duplicated", what);
    else if (isOn(node, cursor)) this.#violations.add("reordered", what);
    else if (isOn(cursor, node)) this.#violations.add("lost", `${what}: ${node.depth - cursor.depth - 1} entries between`);
    else this.#violations.add("lost", `${what}: the log had been cut back to ${common(node, cursor).position}, and no gap said so`);
  }

  /** The reader was told that its place cannot be honoured. */
  gap(gap: SeenGap): void {
    this.#gaps++;
    const what = `${this.name}: gap "${gap.reason}" from ${gap.from} to ${gap.after}`;
    const after = this.#log.at(gap.after).at(-1);
    if (this.#cursor === null) {
      const from = this.#log.at(gap.from).at(-1);
      if (from !== undefined) this.#begin(from);
    }
    const cursor = this.#cursor;
    if (after === undefined || cursor === null || cursor.position !== gap.from) {
      this.#violations.add("wrong-gap", `${what}, the reader is at ${this.place}`);
      if (after !== undefined) this.#cursor = after;
      return;
    }
    const fault = this.#gapFault(cursor, after, gap.reason);
    if (fault !== null) this.#violations.add("wrong-gap", `${what}: ${fault}`);
    if (!isOn(cursor, after)) this.#seen.clear();
    this.#cursor = after;
  }

  /** A jump is due when, on a way that was the log while the reader stood there, all that it skips is gone and something was. */
  #gapFault(cursor: LogNode, after: LogNode, reason: string): string | null {
    let fault = "its end is not in the log";
    for (const tip of this.#log.tipsSince(cursor.atMs)) {
      if (!isOn(after, tip)) continue;
      const wasOn = isOn(cursor, tip);
      if (wasOn && after.depth <= cursor.depth) {
        fault = "nothing was lost";
        continue;
      }
      const fork = common(cursor, tip);
      if (after.depth > fork.depth && !after.trimmed) {
        fault = "it skips entries that are held";
        continue;
      }
      // A position whose epoch went with its entries can only be called unknown.
      if (wasOn && reason !== "trimmed" && reason !== "epoch") {
        fault = "the entries were trimmed";
        continue;
      }
      return null;
    }
    return fault;
  }

  /** The reader was told that the stream has ended. */
  end(): void {
    this.#ended = true;
    const cursor = this.#cursor ?? this.#log.tip;
    if (!this.#log.endedAt(cursor, cursor.atMs)) this.#violations.add("wrong-end", `${this.name}: told that the stream has ended at ${cursor.position}`);
  }

  /** The reader goes on with what it remembers; positions delivered before the last one stay forbidden. */
  get resumeFrom(): string | null {
    return this.#cursor === null ? null : this.#cursor.position;
  }
}

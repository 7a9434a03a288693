/**
 * Judges publishes: each is one token, in the log at most once on any way through the tree, in the order of its producer,
 * there when it was acknowledged, not there when it was refused for good.
 *
 * An entry that a restore removed and a later restore brought back is held against nobody: while it was gone the server rightly said that
 * it did not have it, and its publisher rightly published it anew.
 */
import { isOn, type LogNode, type StreamLog } from "./log-tree.ts";
import type { Violations } from "./violations.ts";

/** One publish. `lane` names what keeps an order: the publishes of one producer in one stream. `index` grows within it. */
export interface Published {
  readonly token: string;
  readonly stream: string;
  readonly lane: string;
  readonly index: number;
  /** The process that waits for the answer. */
  readonly owner: string;
  outcome: "pending" | "acknowledged" | "refused" | "unknown";
  readonly nodes: LogNode[];
}

export class PublishCheck {
  readonly #violations: Violations;
  readonly #byToken = new Map<string, Published>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  get all(): IterableIterator<Published> {
    return this.#byToken.values();
  }

  begin(publish: Pick<Published, "token" | "stream" | "lane" | "index" | "owner">): Published {
    const published: Published = { ...publish, outcome: "pending", nodes: [] };
    this.#byToken.set(publish.token, published);
    return published;
  }

  /** The log has an entry of this token. */
  committed(token: string, node: LogNode, log: StreamLog): void {
    const published = this.#byToken.get(token);
    if (published === undefined) {
      this.#violations.add("phantom", `the log of ${node.stream} has "${token}", which nobody published`);
      return;
    }
    published.nodes.push(node);
    if (published.outcome === "refused") this.#violations.add("refused-but-in-log", `"${token}" is at ${node.position}`);
    for (let before = node.parent; before !== null && before.parent !== null; before = before.parent) {
      if (before.token === token && !log.wasGone(before)) {
        this.#violations.add("doubled-in-log", `"${token}" is at ${before.position} and at ${node.position}`);
      }
    }
    this.#checkOrder(published, node, log);
  }

  /** The nearest entry of the same lane must be an earlier one. */
  #checkOrder(published: Published, node: LogNode, log: StreamLog): void {
    for (let before = node.parent; before !== null && before.parent !== null; before = before.parent) {
      const other = this.#byToken.get(before.token);
      if (other === undefined || other.lane !== published.lane || other === published || log.wasGone(before)) continue;
      if (other.index > published.index) this.#violations.add("reordered", `the log has "${other.token}" before "${published.token}"`);
      return;
    }
  }

  /** The publisher was told that it is there. `position` is null where none was given. */
  acknowledged(published: Published, position: string | null): void {
    published.outcome = "acknowledged";
    const found = position === null ? published.nodes.length > 0 : published.nodes.some((node) => node.position === position);
    if (!found) this.#violations.add("missing-after-ack", `"${published.token}" was acknowledged at ${position ?? "an unknown place"}; ${where(published)}`);
  }

  /** The publisher was told that it is not there and never will be. */
  refused(published: Published, code: string, log: StreamLog): void {
    published.outcome = "refused";
    if (published.nodes.some((node) => isOn(node, log.tip)))
      this.#violations.add("refused-but-in-log", `"${published.token}" was refused with ${code}; ${where(published)}`);
  }

  /** The process is gone; its publishes are never answered to anybody. */
  abandon(owner: string): void {
    for (const published of this.#byToken.values()) if (published.owner === owner && published.outcome === "pending") published.outcome = "unknown";
  }

  /** The publisher was told that nobody knows. */
  unknown(published: Published): void {
    published.outcome = "unknown";
  }
}

const where = (published: Published): string => `in the log: ${published.nodes.map((node) => node.position).join(", ") || "nowhere"}`;

/**
 * Everything that was ever committed, as a tree for each stream: an entry hangs from the one that it followed. A restored backup makes the
 * log go on from an older entry, which then has two successors. That is the whole oracle: who reads follows edges, and may jump
 * only over entries that are gone.
 *
 *   root - a - b - c - d        (cut off by a restore)
 *               \- e - f        (the log from then on)
 */

/** One committed entry, or the root: the place before the first. */
export interface LogNode {
  readonly stream: string;
  /** The token by which readers know the place. */
  readonly position: string;
  /** Which publish it is; empty for the root. */
  readonly token: string;
  readonly parent: LogNode | null;
  readonly depth: number;
  readonly atMs: number;
  /** Retention has removed it. */
  trimmed: boolean;
}

/** A time during which the log grew from one place; `untilMs` is Infinity for the present one. */
interface Branch {
  tip: LogNode;
  untilMs: number;
  closed: boolean;
}

export class StreamLog {
  readonly stream: string;
  readonly root: LogNode;
  readonly #nodes = new Map<string, LogNode[]>();
  readonly #branches: Branch[] = [];
  /** The newest node of the present branch that retention has removed; the root when none. */
  trimmedTo: LogNode;

  constructor(stream: string, rootPosition: string) {
    this.stream = stream;
    this.root = { stream, position: rootPosition, token: "", parent: null, depth: 0, atMs: 0, trimmed: true };
    this.#nodes.set(rootPosition, [this.root]);
    this.#branches.push({ tip: this.root, untilMs: Infinity, closed: false });
    this.trimmedTo = this.root;
  }

  get tip(): LogNode {
    return this.#present.tip;
  }
  get closed(): boolean {
    return this.#present.closed;
  }
  get #present(): Branch {
    return this.#branches.at(-1) as Branch;
  }

  commit(position: string, token: string, atMs: number): LogNode {
    const parent = this.tip;
    const node: LogNode = { stream: this.stream, position, token, parent, depth: parent.depth + 1, atMs, trimmed: false };
    const same = this.#nodes.get(position);
    if (same === undefined) this.#nodes.set(position, [node]);
    else same.push(node);
    this.#present.tip = node;
    return node;
  }

  close(): void {
    this.#present.closed = true;
  }

  /** Retention removed everything up to `node`. */
  trim(node: LogNode): void {
    for (let at: LogNode | null = node; at !== null && !at.trimmed; at = at.parent) at.trimmed = true;
    this.trimmedTo = node;
  }

  /** From now on the log goes on after `tip`; what followed it is cut off. */
  fork(tip: LogNode, trimmedTo: LogNode, closed: boolean, atMs: number): void {
    this.#present.untilMs = atMs;
    this.#branches.push({ tip, untilMs: Infinity, closed });
    this.trimmedTo = trimmedTo;
  }

  /** The entries known by this position: more than one only when positions are not unique, which is a fault. */
  at(position: string): readonly LogNode[] {
    return this.#nodes.get(position) ?? [];
  }

  /** Tips of the branches that were the log at some time since `sinceMs`, the present one last. */
  tipsSince(sinceMs: number): LogNode[] {
    return this.#branches.filter(({ untilMs }) => untilMs >= sinceMs).map(({ tip }) => tip);
  }

  /** Whether the log was without this entry for a while after its commit: a restore removed it, and a later one of a newer copy brought it back. */
  wasGone(node: LogNode): boolean {
    return this.#branches.some(({ tip, untilMs }) => untilMs > node.atMs && !isOn(node, tip));
  }

  /** Whether some branch that was the log since then ended, for good, at this node. */
  endedAt(node: LogNode, sinceMs: number): boolean {
    return this.#branches.some((branch) => branch.closed && branch.tip === node && branch.untilMs >= sinceMs);
  }
}

/** The ancestor of `node` at a depth, or itself. */
export function ancestorAt(node: LogNode, depth: number): LogNode {
  let at = node;
  while (at.depth > depth) at = at.parent as LogNode;
  return at;
}

/** Whether `node` is on the way from the root to `tip`. */
export function isOn(node: LogNode, tip: LogNode): boolean {
  return tip.depth >= node.depth && ancestorAt(tip, node.depth) === node;
}

/** The newest entry that both ways have in common. */
export function common(a: LogNode, b: LogNode): LogNode {
  let left = ancestorAt(a, b.depth);
  let right = ancestorAt(b, a.depth);
  while (left !== right) {
    left = left.parent as LogNode;
    right = right.parent as LogNode;
  }
  return left;
}

/**
 * Cycles in a graph of files: one per strongly connected group (Tarjan's algorithm), as a path that a person can follow.
 */

type Edges = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

/** The shortest cycle through the first file of each group of files that import each other; [] when there is none. */
export function findCycles(edges: Edges): string[][] {
  return groups(edges).flatMap((group) => {
    const start = group.toSorted()[0] ?? "";
    const selfImport = edges.get(start)?.has(start) === true;
    if (group.length === 1 && !selfImport) return [];
    return [shortestCycle(edges, start, new Set(group))];
  });
}

function groups(edges: Edges): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const index = order.size;
    let lowest = index;
    order.set(file, index);
    open.push(file);
    for (const target of edges.get(file)?.keys() ?? []) {
      if (!order.has(target)) lowest = Math.min(lowest, visit(target));
      else if (open.includes(target)) lowest = Math.min(lowest, low.get(target) ?? order.get(target) ?? lowest);
    }
    low.set(file, lowest);
    if (lowest === index) found.push(open.splice(open.indexOf(file)));
    return lowest;
  };
  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return found;
}

function shortestCycle(edges: Edges, start: string, group: ReadonlySet<string>): string[] {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue) {
    for (const target of edges.get(file)?.keys() ?? []) {
      if (target === start) {
        const path = [file];
        for (let at = file; at !== start; at = cameFrom.get(at) ?? start) path.unshift(cameFrom.get(at) ?? start);
        return path;
      }
      if (!group.has(target) || cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      queue.push(target);
    }
  }
  return [start];
}

/**
 * What to do when connections, descriptors or memory run short: the longest idle connections end first, because they cost a descriptor
 * and serve nobody now. Pure: it is told the figures and answers with a number.
 */

/** One resource: how much of it is used, and how much there is. */
export interface Resource {
  readonly name: "connections" | "descriptors" | "heap";
  readonly used: number;
  readonly max: number;
}

export interface Pressure {
  /** The resources above the mark. */
  readonly short: readonly Resource["name"][];
  /** Idle connections to end now. */
  readonly reclaim: number;
  /** New connections are refused: the heap is full, and ending idle connections frees too little of it. */
  readonly refuse: boolean;
}

/** At one look at most this share of the connections is ended, so that a short peak does not end them all. */
const shareMax = 0.1;

/** Judges one look. `percent` is the mark, of each resource; `open` is how many connections there are. */
export function judgePressure(resources: readonly Resource[], open: number, percent: number): Pressure {
  const short = resources.filter(({ used, max }) => used * 100 > max * percent);
  const share = Math.ceil(open * shareMax);
  const refuse = short.some(({ name }) => name === "heap");
  // Of connections and descriptors it is known how many are too many; of memory only that it is too much.
  const excess = short.map(({ name, used, max }) => (name === "heap" ? share : used - Math.floor((max * percent) / 100)));
  return { short: short.map(({ name }) => name), reclaim: Math.min(share, Math.max(0, ...excess)), refuse };
}

/**
 * How a budget is divided: one for everybody, then by demand as evenly as it goes, then what is left, evenly again. Pure, and the same for
 * whoever computes it: the order decides who gets the odd ones, and who has more already comes first, so that nothing moves without need.
 */

export interface Member {
  readonly id: string;
  /** Connections that it could use now. */
  readonly demand: number;
  /** Its pool's own maximum. */
  readonly max: number;
  readonly granted: number;
  readonly joinedMs: number;
}

/** What each should have. The sum is at most `shares`; everybody has at least 1 while there are that many. */
export function split(shares: number, members: readonly Member[]): ReadonlyMap<string, number> {
  const order = [...members].sort((a, b) => b.granted - a.granted || a.joinedMs - b.joinedMs || (a.id < b.id ? -1 : 1));
  const places = Math.max(0, shares);
  if (places <= order.length) return new Map(order.map(({ id }, index) => [id, index < places ? 1 : 0]));
  const wanted = order.map(({ demand, max }) => Math.min(max, Math.max(1, demand)));
  const first = fill(places, wanted, null);
  const all = fill(
    places,
    order.map(({ max }) => max),
    first,
  );
  return new Map(order.map(({ id }, index) => [id, all[index] as number]));
}

/** Raises the lowest first, as water does in vessels of these heights. Nobody gets less than `least`. */
function fill(total: number, heights: readonly number[], least: readonly number[] | null): number[] {
  const at = (level: number): number[] => heights.map((height, index) => Math.max(least?.[index] ?? 0, Math.min(height, level)));
  let [low, high] = [0, Math.min(total, Math.max(...heights))];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sum(at(middle)) <= total) low = middle;
    else high = middle - 1;
  }
  const filled = at(low);
  let rest = total - sum(filled);
  for (let index = 0; index < filled.length && rest > 0; index++) {
    // Only who stands at the water's level rises with it: the others are full, or were above it.
    if (filled[index] !== low || (heights[index] as number) <= low) continue;
    filled[index] = low + 1;
    rest--;
  }
  return filled;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

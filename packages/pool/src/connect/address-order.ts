/**
 * The order in which addresses of one name are tried (RFC 8305, section 4): the resolver's order within a family, families in turn, so
 * that one dead family costs one attempt delay. Pure.
 */
import type { Address } from "./connector.ts";

/** At most `max` addresses, without repetitions. The family of the first address comes first: the system prefers it. */
export function attemptOrder(addresses: readonly Address[], max: number): readonly Address[] {
  const first = addresses[0];
  if (first === undefined || addresses.length === 1) return addresses;
  const seen = new Set<string>();
  const queues: [Address[], Address[]] = [[], []];
  for (const each of addresses) {
    if (seen.has(each.address)) continue;
    seen.add(each.address);
    queues[each.family === first.family ? 0 : 1].push(each);
  }
  const order: Address[] = [];
  for (let i = 0; order.length < max && (i < queues[0].length || i < queues[1].length); i++) {
    for (const queue of queues) {
      const next = queue[i];
      if (next !== undefined && order.length < max) order.push(next);
    }
  }
  return order;
}

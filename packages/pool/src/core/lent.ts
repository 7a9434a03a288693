/**
 * Questions about the connections that are lent: who has one for longest, and who has one for too long. It looks and changes nothing but the
 * mark that a leak was told.
 */
import type { Held } from "./held.ts";
import type { Leak } from "./resource.ts";

/** For how long each is held, and by whom. */
export function holdings<T>(all: Iterable<Held<T>>, nowMs: number): { heldMs: number; stack: string | null }[] {
  const lent: { heldMs: number; stack: string | null }[] = [];
  for (const { place, lentMs, stack } of all) if (place === "lent") lent.push({ heldMs: nowMs - lentMs, stack });
  return lent;
}

/** Those that have been lent for `leakMs` and were not told before, and when the next will have been. */
export function newLeaks<T>(all: Iterable<Held<T>>, leakMs: number, nowMs: number): { readonly leaks: readonly Leak<T>[]; readonly nextMs: number } {
  const leaks: Leak<T>[] = [];
  let nextMs = Number.POSITIVE_INFINITY;
  for (const held of all) {
    if (held.place !== "lent" || held.leakTold) continue;
    const heldMs = nowMs - held.lentMs;
    if (heldMs < leakMs) nextMs = Math.min(nextMs, held.lentMs + leakMs);
    else {
      held.leakTold = true;
      leaks.push({ value: held.value, connection: held.connection, heldMs, stack: held.stack ?? "" });
    }
  }
  return { leaks, nextMs };
}

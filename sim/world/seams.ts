/**
 * Where a mutant can get between the parts without touching their code: each seam takes the real thing and gives one to use instead.
 */
import type { Transport } from "@holdfast/client";
import type { Carrier, Engine } from "@holdfast/server";

export interface Seams {
  engine(engine: Engine): Engine;
  carrier(carrier: Carrier): Carrier;
  transport(transport: Transport): Transport;
  /** Whether there is anything that reads by `EventSource`, which believes what it gets. */
  readonly hasFollowers: boolean;
}

/** The world as it is. */
export const plainSeams: Seams = {
  engine: (engine) => engine,
  carrier: (carrier) => carrier,
  transport: (transport) => transport,
  hasFollowers: true,
};

/** Everything of `real`, except what `changed` has. */
export function instead<T extends object>(real: T, changed: Partial<T>): T {
  return new Proxy(real, {
    get: (target, name) => {
      if (name in changed) return changed[name as keyof T];
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

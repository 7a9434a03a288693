/**
 * Where a mutant can get between the parts without touching their code: each seam takes the real thing and gives one to use instead.
 */
import type { Transport } from "@holdfast/client";
import type { Carrier, Engine } from "@holdfast/server";

export interface Seams {
  engine(engine: Engine): Engine;
  carrier(carrier: Carrier): Carrier;
  transport(transport: Transport): Transport;
}

/** The world as it is. */
export const plainSeams: Seams = {
  engine: (engine) => engine,
  carrier: (carrier) => carrier,
  transport: (transport) => transport,
};

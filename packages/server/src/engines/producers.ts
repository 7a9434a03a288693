/**
 * The rule of idempotent producers, shared by the engines: what a (producer id, epoch, seq) means, given what is known
 * of that producer in that stream. Pure. Only the newest epoch of a producer is remembered: any older one is fenced.
 */
import type { ProducerTuple } from "@holdfast/protocol";

/** The newest request of a producer that was accepted. */
export interface KnownProducer {
  readonly epoch: number;
  readonly seq: number;
}

export type ProducerVerdict =
  | { readonly type: "fresh" }
  | { readonly type: "duplicate" }
  | { readonly type: "fenced" }
  | { readonly type: "out_of_order"; readonly expectedSeq: number };

const fresh: ProducerVerdict = { type: "fresh" };
const duplicate: ProducerVerdict = { type: "duplicate" };
const fenced: ProducerVerdict = { type: "fenced" };

/** Judges a request. `known` is undefined for a producer never seen, or forgotten. */
export function judgeProducer(known: KnownProducer | undefined, tuple: ProducerTuple): ProducerVerdict {
  if (known === undefined || tuple.epoch > known.epoch) {
    return tuple.seq === 0 ? fresh : { type: "out_of_order", expectedSeq: 0 };
  }
  if (tuple.epoch < known.epoch) return fenced;
  if (tuple.seq <= known.seq) return duplicate;
  return tuple.seq === known.seq + 1 ? fresh : { type: "out_of_order", expectedSeq: known.seq + 1 };
}

/**
 * A stream as a hook: its newest entries, or a value reduced from all of them.
 * Another name, place or provider begins anew; everything else may change from render to render without a new subscription.
 */
import { useEffect, useState, useSyncExternalStore } from "react";
import type { From, Gap } from "../index.ts";
import type { ClientSource } from "./client-source.ts";
import { checkKeep, keepDefault, ReduceFold, type Reducer, type ValuePart, WindowFold, type WindowPart } from "./folds.ts";
import { useClientSource } from "./provider.ts";
import { type StreamState, StreamStore } from "./stream-store.ts";

interface CommonOptions {
  /** Where to begin. Default "now". Another value begins anew. */
  readonly from?: From | undefined;
  /** Called in order with the entries, before the first one after the gap; what it returns is awaited. What it throws ends the reading. */
  readonly onGap?: ((gap: Gap) => void | Promise<void>) | undefined;
}

/** For the newest entries. */
export interface StreamWindowOptions extends CommonOptions {
  /** How many entries are kept, 0 to 10,000. Default 100. */
  readonly keep?: number | undefined;
}

/** For a value made of all entries. */
export interface StreamReduceOptions<Value> extends CommonOptions, Reducer<Value> {
  /** The value before the first entry, on servers too. Read once, and again by `clear`. */
  readonly initial: Value;
}

/** The newest entries of a stream, and how it fares. */
export type StreamWindow = WindowPart & StreamState;

/** The value that a reducer has made of a stream, and how it fares. */
export type ReducedStream<Value> = ValuePart<Value> & StreamState;

type Options = StreamWindowOptions | StreamReduceOptions<unknown>;
type AnyStore = StreamStore<WindowPart | ValuePart<unknown>>;

/** A store with the fold that it uses; kept as long as its key holds. */
interface Kept {
  readonly source: ClientSource;
  readonly key: string;
  readonly store: AnyStore;
  readonly update: (options: Options) => void;
}

const isReduce = (options: Options): options is StreamReduceOptions<unknown> => "reduce" in options;

/**
 * Reads a stream while the component is mounted; a name of null reads nothing. Renders at most once per frame, whatever comes in. Broken
 * links are not errors: reading goes on exactly where it stood. Throws TypeError for a bad `keep`, and outside of a provider.
 */
export function useStream<Value>(name: string | null, options: StreamReduceOptions<Value>): ReducedStream<Value>;
export function useStream(name: string | null, options?: StreamWindowOptions): StreamWindow;
export function useStream(name: string | null, options: Options = {}): (WindowPart | ValuePart<unknown>) & StreamState {
  const source = useClientSource();
  const key = JSON.stringify([name, options.from ?? null, isReduce(options)]);
  if (!isReduce(options)) checkKeep(options.keep ?? keepDefault);
  const [state, setState] = useState<Kept>(() => keptFor(source, key, name, options));
  let kept = state;
  if (kept.source !== source || kept.key !== key) {
    kept = keptFor(source, key, name, options);
    setState(kept);
  }
  const { store, update } = kept;
  // After the render, not in it: a render may be thrown away.
  useEffect(() => update(options));
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);
}

function keptFor(source: ClientSource, key: string, name: string | null, options: Options): Kept {
  const streamSource = { name, from: options.from, open: (...given: Parameters<ReturnType<ClientSource["open"]>["stream"]>) => source.open().stream(...given) };
  let store: AnyStore;
  let change: (options: Options) => void;
  if (isReduce(options)) {
    const fold = new ReduceFold(options.initial, options);
    store = new StreamStore<WindowPart | ValuePart<unknown>>(streamSource, fold);
    change = (next) => isReduce(next) && fold.replace(next);
  } else {
    const fold = new WindowFold(options.keep ?? keepDefault);
    store = new StreamStore<WindowPart | ValuePart<unknown>>(streamSource, fold);
    change = (next) => !isReduce(next) && fold.resize(next.keep ?? keepDefault);
  }
  const update = (next: Options): void => {
    store.onGap = next.onGap;
    change(next);
  };
  return { source, key, store, update };
}

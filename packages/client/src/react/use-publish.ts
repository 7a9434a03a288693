/**
 * Publishing as a hook: a function, and how its calls fare.
 * A failure is a result and a state, never an unhandled rejection.
 */
import { useCallback, useState } from "react";
import { HoldfastError, type Published, type PublishOptions } from "../index.ts";
import { useClientSource } from "./provider.ts";

/** What became of one publish. */
export type PublishResult = { readonly ok: true; readonly published: Published } | { readonly ok: false; readonly error: HoldfastError };

/** A function that publishes to one stream, and how its calls fare. */
export interface Publisher {
  /** Publishes as `client.publish` does. Resolves once the entry is in the log or has failed for good; never rejects. The same function until name or provider change. */
  readonly publish: (data: unknown, options?: PublishOptions) => Promise<PublishResult>;
  /** Calls without an answer yet. */
  readonly pending: number;
  /** The newest failure since the last call; null when there was none. */
  readonly error: HoldfastError | null;
}

interface Calls {
  readonly pending: number;
  readonly error: HoldfastError | null;
}

/** Publishes to the stream `name`. What was published goes on when the component is gone. Throws outside of a provider. */
export function usePublish(name: string): Publisher {
  const source = useClientSource();
  const [calls, setCalls] = useState<Calls>({ pending: 0, error: null });
  const publish = useCallback(
    async (data: unknown, options?: PublishOptions): Promise<PublishResult> => {
      setCalls(({ pending }) => ({ pending: pending + 1, error: null }));
      try {
        const published = await source.current().publish(name, data, options);
        setCalls(({ pending, error }) => ({ pending: pending - 1, error }));
        return { ok: true, published };
      } catch (thrown) {
        const error = HoldfastError.from(thrown);
        setCalls(({ pending }) => ({ pending: pending - 1, error }));
        return { ok: false, error };
      }
    },
    [source, name],
  );
  return { publish, ...calls };
}

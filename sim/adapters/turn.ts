/**
 * Lets promise jobs run to their end between two steps. A turn of Node's event loop does it by definition: `setImmediate` runs its
 * callback only when the queues of promise jobs and of `process.nextTick` are empty, however long the chains in them are.
 */

// Taken now: during a run the global one is out of reach (ambient.ts).
const immediate = setImmediate;

/** Calls `step` once per turn until it returns false. Rejects with what `step` throws. */
export function drive(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = (): void => {
      try {
        if (step()) immediate(turn);
        else resolve();
      } catch (thrown) {
        reject(thrown as Error);
      }
    };
    immediate(turn);
  });
}

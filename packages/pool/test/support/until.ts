/** Waits until a fact holds, by looking again; fails after `withinMs` with what it was told to say. */
export async function until(fact: () => boolean, say: () => unknown = () => "not in time", withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(say())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * While a simulation runs, the real world's clock, randomness and input are out of reach: whoever asks for them is told off, and the
 * run fails. So a run depends on its seed alone.
 */

type Rejection = (reason: unknown) => void;

const forbidden: readonly (readonly [holder: object, name: string])[] = [
  [globalThis, "setTimeout"],
  [globalThis, "setInterval"],
  [globalThis, "setImmediate"],
  [globalThis, "queueMicrotask"],
  [globalThis, "fetch"],
  [globalThis, "WebSocket"],
  [Date, "now"],
  [Math, "random"],
  [performance, "now"],
  [crypto, "getRandomValues"],
  [crypto, "randomUUID"],
];

/** Runs `work` with the ambient world closed; `fault` is told of every use, and of every exception or rejection that nobody handles. */
export async function withoutAmbient(fault: (text: string) => void, work: () => Promise<void>): Promise<void> {
  const before = forbidden.map(([holder, name]) => [holder, name, Object.getOwnPropertyDescriptor(holder, name)] as const);
  for (const [holder, name] of forbidden) {
    const value = (): never => {
      fault(`uses ${name}`);
      throw new Error(`${name} is out of reach in a simulation`);
    };
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
  }
  const onRejection: Rejection = (reason) => fault(`rejection that nobody handles: ${describe(reason)}`);
  process.on("unhandledRejection", onRejection);
  try {
    await work();
  } catch (thrown) {
    fault(`exception: ${describe(thrown)}`);
  } finally {
    process.off("unhandledRejection", onRejection);
    for (const [holder, name, descriptor] of before) {
      if (descriptor === undefined) delete (holder as Record<string, unknown>)[name];
      else Object.defineProperty(holder, name, descriptor);
    }
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

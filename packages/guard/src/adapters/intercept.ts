/**
 * Stands before a server's own listeners, those included that are added later. It is the one place that changes a method of the host's
 * server, and it gives it back.
 */
import type { EventEmitter } from "node:events";

/** True: the event is taken, and the host's listeners do not hear of it. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of Node's events, which differ.
export type Interceptor = (...args: any[]) => boolean;

/** Routes the named events through `interceptors` first. Returns how to undo it. */
export function intercept(server: EventEmitter, interceptors: Readonly<Record<string, Interceptor>>): () => void {
  const own = Object.hasOwn(server, "emit");
  const original = server.emit;
  const names = new Map(Object.entries(interceptors));
  const emit: typeof server.emit = (name, ...args) => {
    const interceptor = typeof name === "string" ? names.get(name) : undefined;
    return interceptor?.(...args) === true ? true : original.call(server, name, ...args);
  };
  server.emit = emit;
  return () => {
    // Whoever wrapped it after us keeps working: then ours stays, and passes everything on.
    names.clear();
    if (server.emit !== emit) return;
    if (own) server.emit = original;
    else delete (server as { emit?: unknown }).emit;
  };
}

/**
 * An event target with `on…` attributes, as the platform's sockets have them: the handler keeps its place among the listeners.
 */

/** A listener as an `on…` attribute takes it. */
export type Handler<E extends Event = Event> = ((event: E) => void) | null;

/** Its subclasses declare the attributes whose names they pass. */
export class HandlerTarget extends EventTarget {
  constructor(types: readonly string[]) {
    super();
    for (const type of types) {
      let current: Handler = null;
      let isListening = false;
      const set = (handler: Handler): void => {
        // Anything but a function takes the handler away, as the platform has it.
        current = typeof handler === "function" ? handler : null;
        if (!isListening) this.addEventListener(type, (event) => current?.call(this, event));
        isListening = true;
      };
      Object.defineProperty(this, `on${type}`, { get: () => current, set });
    }
  }
}

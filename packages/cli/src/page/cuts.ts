/**
 * What the page can do to its wire. Each is laid on one line, and undone by what it returns; a new one is one member here and one in the
 * page's list (web/cuts.ts).
 */
import { blackHole, buffer, type LabProxy } from "@holdfast/lab";

/** Takes a cut away again. */
export type Undo = () => Promise<void>;

export interface Cut {
  /** Whether it stays until it is undone. */
  readonly lasts: boolean;
  /** Whether the connections of now carry nothing any more, although they are open. */
  readonly darkens: boolean;
  /** Null when there is nothing to undo. */
  apply(proxy: LabProxy): Undo | null;
}

export const cuts = {
  /** The connections of now go dark, both sockets left open, as when a box on the way forgets them. New ones work. */
  "black-hole": {
    lasts: false,
    darkens: true,
    apply: (proxy) => {
      const handles = proxy.connections.map((connection) => connection.add(blackHole()));
      return async () => void (await Promise.all(handles.map((handle) => handle.remove())));
    },
  },
  /** Nothing passes, old or new, until it is undone; what was sent meanwhile then arrives, as with a cable. */
  unplug: {
    lasts: true,
    darkens: false,
    apply: (proxy) => {
      const handle = proxy.add(blackHole({ keepReading: false }));
      proxy.hang(true);
      return async () => {
        proxy.hang(false);
        await handle.remove();
      };
    },
  },
  /** RST on both sockets of every connection. */
  reset: {
    lasts: false,
    darkens: false,
    apply: (proxy) => {
      for (const connection of proxy.connections) connection.reset();
      return null;
    },
  },
  /** A hop that holds responses back. WebSockets pass. It begins with a reset, as a proxy does whose configuration is new. */
  buffer: {
    lasts: true,
    darkens: false,
    apply: (proxy) => {
      for (const connection of proxy.connections) connection.reset();
      const handle = proxy.add(buffer());
      return () => handle.remove();
    },
  },
} as const satisfies Record<string, Cut>;

export type CutName = keyof typeof cuts;

/** The cut of this name, or null. */
export function cutNamed(name: unknown): CutName | null {
  return typeof name === "string" && Object.hasOwn(cuts, name) ? (name as CutName) : null;
}

/**
 * The buttons that cut the wire, each with a sentence of what is being seen. Words only; what they do is src/page/cuts.ts.
 */

export type CutName = "black-hole" | "unplug" | "reset" | "buffer" | "pause";

/** What of the server's settings the sentences need. */
export interface Times {
  readonly heartbeatMs: number;
  /** After so long without a byte the client asks; after as long again as `probeMs` it gives the link up. */
  readonly staleMs: number;
  readonly noticedMs: number;
  readonly pauseMs: number;
}

export interface CutButton {
  readonly name: CutName;
  readonly title: string;
  /** Whether it stays until it is undone, and then what undoing it is called. */
  readonly undo: string | null;
  sentence(times: Times): string;
}

const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1).replace(/\.0$/, "")} s`;

export const cutButtons: readonly CutButton[] = [
  {
    name: "black-hole",
    title: "Black hole",
    undo: null,
    sentence: ({ staleMs, noticedMs }) =>
      `A box on the way forgets this connection: both sockets stay open, every byte vanishes. No error comes, ever. Holdfast doubts after ${inSeconds(staleMs)} and gives up after ${inSeconds(noticedMs)}.`,
  },
  {
    name: "unplug",
    title: "Unplug",
    undo: "Plug in",
    sentence: ({ noticedMs }) =>
      `Nothing passes, new connections neither, until you plug in again. Within ${inSeconds(noticedMs)} even the link survives; after that, watch the dials back off.`,
  },
  {
    name: "reset",
    title: "Reset",
    undo: null,
    sentence: () => "Both ends get an RST, as from a crashed proxy. The honest failure: it is noticed at once, and the stream goes on where it was.",
  },
  {
    name: "buffer",
    title: "Buffer SSE",
    undo: "Stop buffering",
    sentence: () =>
      "A hop holds responses back, as nginx does by default. SSE gets nothing through; Holdfast says so and falls back to long-poll. (On WebSocket nothing happens, so this changes to SSE.)",
  },
  {
    name: "pause",
    title: "Pause server",
    undo: null,
    sentence: ({ pauseMs }) =>
      `The server's only thread stands still for ${inSeconds(pauseMs)}, as in a long garbage collection. Slow is not dead: the client asks first, and the same link goes on.`,
  },
];

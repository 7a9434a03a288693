/**
 * A subscription: a cursor that waits. It holds numbers only, never entries; what it has not had yet is in the tail or in pages.
 */
import { origin } from "@holdfast/protocol";
import type { Carrier } from "../carrier.ts";
import type { LiveStream, MovedReader, Placed } from "./live-stream.ts";
import type { Page } from "./pages.ts";

/** A stream with readers, as links and the fan-out know it. */
export type ReadStream = LiveStream<Reader>;

/** What the fan-out may do with a link. */
export interface ReaderLink {
  readonly carrier: Carrier;
  /** Readers that are behind, in the order of their turns. */
  readonly behind: Reader[];
  /** The fan-out's own mark. */
  inFanOut: boolean;
  /** Tells the client that entries up to `after` cannot be had, and goes on from there. */
  gap(reader: Reader, after: number, afterPosition: string): void;
  /** Tells the client that the log is another one than it has read, and where that goes on. */
  moved(move: MovedReader<Reader>): void;
  /** The reader has everything of a stream that has ended. */
  streamEnded(reader: Reader): void;
}

export interface Reader extends Placed {
  readonly link: ReaderLink;
  /** The link's own: a pass over thousands of readers need not touch their links, which costs more than the code (cache misses). */
  readonly carrier: Carrier;
  readonly stream: ReadStream;
  /** A page that was read for it, until its next turn; null otherwise. */
  page: Page | null;
  /** False until its start is resolved and told to the client. */
  placed: boolean;
  /** True while a page is being read for it: whoever started that will wake the link. */
  waiting: boolean;
  /** What the last beat said. */
  beatSent: number;
  beatHead: number;
}

export function newReader(link: ReaderLink, stream: ReadStream): Reader {
  return {
    link,
    carrier: link.carrier,
    stream,
    cursor: 0,
    scan: 0,
    index: -1,
    position: origin,
    page: null,
    placed: false,
    waiting: false,
    beatSent: 0,
    beatHead: 0,
  };
}

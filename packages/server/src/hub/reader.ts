/**
 * A subscription: a cursor that waits. It holds numbers only, never entries; what it has not had yet is in the tail or in pages.
 */
import type { HubLink } from "./hub-link.ts";
import type { LiveStream } from "./live-stream.ts";

export interface Reader {
  readonly link: HubLink;
  readonly stream: LiveStream;
  /** The seq of the last entry written to the link, or where a gap put it. */
  cursor: number;
  /** Where to look next: at or after `cursor`, because seqs may have holes. */
  scan: number;
  /** The place in the stream's ready array; -1 while behind. */
  index: number;
  /** True while its start is being resolved or a page is being read for it: whoever started that will wake the link. */
  waiting: boolean;
  /** What the last beat said. */
  beatSent: number;
  beatHead: number;
}

export function newReader(link: HubLink, stream: LiveStream): Reader {
  return { link, stream, cursor: 0, scan: 0, index: -1, waiting: true, beatSent: 0, beatHead: 0 };
}

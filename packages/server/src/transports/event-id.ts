/**
 * The `id` of an event for native `EventSource`: where every stream of the URL stands, in one line that the browser gives back.
 * `1,HASH,POSITION,POSITION,...`: a version, a hash of the URL's streams, and a position per stream in the URL's order; empty while
 * the stream's place is not known, with a `!` behind it when the stream has ended.
 */
import { limits, parsePosition } from "@holdfast/protocol";

const version = "1";
const endMark = "!";
/** Version, hash, and per stream the longest position with its mark. */
const { value: idBytesMax } = limits.eventIdBytesMax;

/** Where one stream of an event stream stands. `position` is empty while it is not known. */
export interface Place {
  position: string;
  hasEnded: boolean;
}

const encoder = new TextEncoder();

/** FNV-1a, 32 bits: it finds an id that came from another URL, not an attacker. A position grants nothing. */
function hashOf(streams: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(streams.join("\n"))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}

/** What all ids of one URL begin with. */
export function idPrefix(streams: readonly string[]): string {
  return `${version},${hashOf(streams)}`;
}

/** The id for these places. */
export function eventId(prefix: string, places: readonly Place[]): string {
  let id = prefix;
  for (const { position, hasEnded } of places) id += hasEnded ? `,${position}${endMark}` : `,${position}`;
  return id;
}

/** The places in an id, or null when it is none for these streams. */
export function parseEventId(id: string, streams: readonly string[]): Place[] | null {
  if (id.length > idBytesMax) return null;
  const prefix = idPrefix(streams);
  if (!id.startsWith(`${prefix},`)) return null;
  const texts = id.slice(prefix.length + 1).split(",");
  if (texts.length !== streams.length) return null;
  const places: Place[] = [];
  for (const text of texts) {
    const hasEnded = text.endsWith(endMark);
    const position = hasEnded ? text.slice(0, -endMark.length) : text;
    if (position === "" ? hasEnded : parsePosition(position) === null) return null;
    places.push({ position, hasEnded });
  }
  return places;
}

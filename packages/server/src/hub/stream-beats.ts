/**
 * What a beat says of a link's streams: where those stand that have moved since the last one.
 */
import type { StreamBeat } from "@holdfast/protocol";
import type { Reader } from "./reader.ts";

/** A beat names at most so many streams; the next beat names the rest. A name and two tokens stay under 512 bytes. */
const beatStreamsMax = 64;

/** The streams that have moved, which count as told from now on; null when none has. */
export function streamBeats(readers: readonly Reader[]): Readonly<Record<string, StreamBeat>> | null {
  const streams: [name: string, beat: StreamBeat][] = [];
  for (const reader of readers) {
    const { cursor, stream } = reader;
    if (!reader.placed) continue;
    if (cursor === reader.beatSent && stream.tail.last === reader.beatHead) continue;
    if (streams.length >= beatStreamsMax) break;
    reader.beatSent = cursor;
    reader.beatHead = stream.tail.last;
    streams.push([stream.name, { sent: reader.position, head: stream.headPosition }]);
  }
  return streams.length > 0 ? Object.fromEntries(streams) : null;
}

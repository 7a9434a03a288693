/**
 * A fault for these tests: follows what goes to the client, and resets the connection in the middle of a WebSocket frame, of a frame of
 * HTTP/2, or of a flush of a response.
 * It knows the wire, which the lab's own faults must not.
 */
import type { Fault } from "@holdfast/lab";

/** Passes everything up to half of frame number `frames` after the handshake, then RST. Strikes once when it did. */
export function midFrameCut(frames: number): Fault {
  return {
    name: "mid-frame-cut",
    async pipe(stage) {
      let seen = Buffer.alloc(0);
      let inHandshake = true;
      let sizeOf: ((data: Buffer) => number | null) | null = null;
      let left = frames;
      for (;;) {
        const item = await stage.read();
        if (item === null) return;
        if (item.kind !== "bytes") {
          stage.write(item);
          return;
        }
        seen = Buffer.concat([seen, item.bytes]);
        if (inHandshake && seen[0] === 0) {
          // No status line of HTTP/1.1: the length of a SETTINGS frame.
          sizeOf = http2FrameBytes;
          inHandshake = false;
        }
        if (inHandshake) {
          const end = seen.indexOf("\r\n\r\n");
          if (end >= 0) {
            if (seen.toString("latin1", 0, 12).endsWith(" 101")) sizeOf = frameBytes;
            seen = seen.subarray(end + 4);
            inHandshake = false;
          }
        }
        while (!inHandshake) {
          // The server writes each flush of a response as one piece.
          if (sizeOf === null) seen = Buffer.from(item.bytes);
          const size = sizeOf === null ? seen.length : sizeOf(seen);
          if (size === null) break;
          left--;
          if (left <= 0 && size > 2) {
            // Half of this frame goes out; the frame may already have begun in an earlier chunk.
            const keep = Math.max(0, item.bytes.length - (seen.length - Math.floor(size / 2)));
            if (keep > 0) stage.write({ kind: "bytes", bytes: item.bytes.subarray(0, keep) });
            if (keep < item.bytes.length) stage.drop({ kind: "bytes", bytes: item.bytes.subarray(keep) });
            stage.strike();
            stage.write({ kind: "reset" });
            stage.connection.reset(stage.sender);
            return;
          }
          if (sizeOf === null || seen.length < size) break;
          seen = seen.subarray(size);
        }
        stage.write({ kind: "bytes", bytes: item.bytes });
      }
    },
  };
}

/** The same of HTTP/2. */
function http2FrameBytes(data: Buffer): number | null {
  return data.length < 9 ? null : 9 + data.readUIntBE(0, 3);
}

/** The whole size of the frame at the front, or null when its header is not complete. */
function frameBytes(data: Buffer): number | null {
  if (data.length < 2) return null;
  const short = (data[1] as number) & 127;
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (data.length < header) return null;
  return header + (short < 126 ? short : short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2)));
}

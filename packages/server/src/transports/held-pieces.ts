/**
 * How many pieces wait on a stream of HTTP/2 whose input is held. Its window bounds their bytes, not their number, and each costs Node a hundred
 * bytes and more: without this, a peer could have 8 MB held for 64 KiB, on every stream. It must never change what is read.
 */
import type { ServerHttp2Stream } from "node:http2";
import { limits } from "@holdfast/protocol";

/** Calls back when more pieces wait than may. */
export function boundHeldPieces(stream: ServerHttp2Stream, over: () => void): void {
  const { push } = stream;
  let held = 0;
  // What Node hands every piece to.
  stream.push = (piece: unknown, encoding?: BufferEncoding): boolean => {
    held = stream.readableLength === 0 ? 0 : held + 1;
    if (held === limits.heldPiecesMax.value) over();
    return push.call(stream, piece, encoding);
  };
}

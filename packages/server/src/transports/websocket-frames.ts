/**
 * Unmasked text frames (RFC 6455, section 5.2) built ahead of time, so that one buffer serves every link.
 */
import { type Framed, MessageFormat } from "./message-format.ts";

const finText = 0x81;

/** A frame around text, with room for it. */
function frame(textBytes: number): Framed {
  const headerBytes = textBytes < 126 ? 2 : textBytes < 65_536 ? 4 : 10;
  const buffer = Buffer.allocUnsafeSlow(headerBytes + textBytes);
  buffer[0] = finText;
  if (headerBytes === 2) buffer[1] = textBytes;
  else if (headerBytes === 4) {
    buffer[1] = 126;
    buffer.writeUInt16BE(textBytes, 2);
  } else {
    buffer[1] = 127;
    buffer.writeBigUInt64BE(BigInt(textBytes), 2);
  }
  return { buffer, at: headerBytes };
}

/** Entries as unmasked text frames. */
export const websocketFormat: MessageFormat = new MessageFormat("websocket", frame);

/** One text message as one frame. */
export const textFrame = (text: string): Buffer => websocketFormat.text(text);

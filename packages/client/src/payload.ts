/**
 * What an application publishes, as the text or bytes that go on the wire. Everything that a server would refuse for its form is refused
 * here already: a message that a server cannot even read is answered without the id of its publish, and would be repeated for ever.
 */
import { HoldfastError, limits, nestsDeeperThan } from "@holdfast/protocol";

const encoder = new TextEncoder();

/** JSON text that is published as it is, character by character. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Publishes `text` as it is instead of parsing and writing it again. White space around the value is left out. Throws `bad_payload`. */
export function rawJson(text: string): RawJson {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError("bad_payload", "expected JSON text", { cause });
  }
  // A lone surrogate has no form in UTF-8 and would arrive as another character.
  if (!text.isWellFormed()) throw new HoldfastError("bad_payload", "expected text without lone surrogates");
  return new RawJson(text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""));
}

/** The wire form of a value: JSON text, or bytes. Throws `bad_payload`, `payload_too_deep` or `entry_too_large`. */
export function toPayload(data: unknown): { readonly payload: string | Uint8Array; readonly bytes: number } {
  if (data instanceof Uint8Array) return checked(data.slice(), data.length);
  let text: string | undefined;
  if (data instanceof RawJson) text = data.text;
  else {
    try {
      text = JSON.stringify(data);
    } catch (cause) {
      throw new HoldfastError("bad_payload", "expected a value that JSON can express", { cause });
    }
  }
  if (text === undefined) throw new HoldfastError("bad_payload", `expected a value that JSON can express, got ${typeof data}`);
  if (nestsDeeperThan(text, limits.jsonDepthMax.value)) throw new HoldfastError("payload_too_deep");
  return checked(text, encoder.encode(text).length);
}

function checked(payload: string | Uint8Array, bytes: number): { readonly payload: string | Uint8Array; readonly bytes: number } {
  if (bytes > limits.entryBytesMax.value) throw new HoldfastError("entry_too_large");
  return { payload, bytes };
}

/**
 * What an application publishes, as the text or bytes that go on the wire. It must never let text pass that is not JSON: a message that a
 * server cannot even read is answered without the id of its publish, and would be repeated for ever.
 */
import { entryBytesMax, HoldfastError } from "@holdfast/protocol";

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
  if (!text.isWellFormed()) throw new HoldfastError("bad_payload", "expected no lone surrogates");
  return new RawJson(text.trim());
}

/** The wire form of a value: JSON text, or bytes. Throws `bad_payload` or `entry_too_large`. */
export function toPayload(data: unknown): { readonly payload: string | Uint8Array; readonly bytes: number } {
  const payload = data instanceof Uint8Array ? data.slice() : data instanceof RawJson ? data.text : toJson(data);
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload).length : payload.length;
  if (bytes > entryBytesMax) throw new HoldfastError("entry_too_large");
  return { payload, bytes };
}

function toJson(data: unknown): string {
  let cause: unknown;
  try {
    const text: string | undefined = JSON.stringify(data);
    if (text !== undefined) return text;
  } catch (thrown) {
    cause = thrown;
  }
  throw new HoldfastError("bad_payload", "expected JSON", { cause });
}

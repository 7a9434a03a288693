/**
 * Texts that peers choose and that are stored: keys, dedupe keys, producer ids.
 */
import { keyBytesMax } from "./bounds.ts";

/** Whether a value is text of at most so many bytes that has a UTF-8 form: half a surrogate pair would be stored as another text. */
export function isTextWithin(value: unknown, bytesMax: number): value is string {
  return typeof value === "string" && value.length <= bytesMax && value.isWellFormed() && new TextEncoder().encode(value).length <= bytesMax;
}

/** Whether a text is 1 to 255 bytes long: the rule for keys, dedupe keys and producer ids. */
export function isKey(value: unknown): value is string {
  return value !== "" && isTextWithin(value, keyBytesMax);
}

/**
 * Checks a payload that is about to be appended. What passes is stored exactly as received.
 */
import { type Code, limits, nestsDeeperThan, type PayloadFormat } from "@holdfast/protocol";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Why a payload is refused, or null when it is good: size, then (for JSON) UTF-8, depth, syntax. */
export function payloadFault(format: PayloadFormat, payload: Uint8Array, entryBytesMax: number): { readonly code: Code; readonly message: string } | null {
  if (payload.length > entryBytesMax) return { code: "entry_too_large", message: `expected at most ${entryBytesMax} bytes, got ${payload.length}` };
  if (format === "bytes") return null;
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    return { code: "bad_payload", message: "expected JSON in UTF-8" };
  }
  if (nestsDeeperThan(text, limits.jsonDepthMax.value)) return { code: "payload_too_deep", message: `expected at most ${limits.jsonDepthMax.value} levels` };
  try {
    JSON.parse(text);
  } catch {
    return { code: "bad_payload", message: "expected valid JSON" };
  }
  return null;
}

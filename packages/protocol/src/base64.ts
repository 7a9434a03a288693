/**
 * Base64 (RFC 4648, section 4) for platforms of every kind, in text messages that carry bytes.
 * Uses the platform's own conversion where there is one; never accepts characters outside the alphabet.
 */

interface Native {
  toBase64?(): string;
}
interface NativeType {
  fromBase64?(text: string, options: { lastChunkHandling: "strict" }): Uint8Array;
}

/** Bytes as base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  const native = bytes as unknown as Native;
  if (typeof native.toBase64 === "function") return native.toBase64();
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

const shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes, or null when the text is not padded base64. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !shape.test(text)) return null;
  const native = Uint8Array as unknown as NativeType;
  if (typeof native.fromBase64 === "function") {
    try {
      return native.fromBase64(text, { lastChunkHandling: "strict" });
    } catch {
      return null; // Stray bits in the last group: not canonical.
    }
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return btoa(binary) === text ? bytes : null;
}

/**
 * Base64 (RFC 4648, section 4) for platforms of every kind, in text messages that carry bytes.
 * Uses the platform's own conversion where there is one; never accepts a text that is not the one text for its bytes.
 */

interface Native {
  toBase64?(): string;
}
interface NativeType {
  fromBase64?(text: string): Uint8Array;
}

/** Bytes as base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return (bytes as Native).toBase64?.() ?? btoa(bytes.reduce((binary, byte) => binary + String.fromCharCode(byte), ""));
}

/** The bytes, or null when the text is not padded base64 in its canonical form. */
export function fromBase64(text: string): Uint8Array | null {
  try {
    const bytes = (Uint8Array as NativeType).fromBase64?.(text) ?? Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    // Platforms let white space, missing padding and stray bits pass.
    return toBase64(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

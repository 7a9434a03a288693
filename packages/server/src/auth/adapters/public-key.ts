/**
 * A public key out of its text. Only `node:crypto` knows all forms; it reads nothing but what it is given.
 */
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from "node:crypto";

/** From PEM, or a JWK as JSON. Throws a TypeError when it is neither, without a word of what it was. */
export function publicKeyOf(text: string): KeyObject {
  try {
    if (text.trimStart().startsWith("{")) return createPublicKey({ key: JSON.parse(text) as JsonWebKeyInput["key"], format: "jwk" });
    if (!text.includes("PRIVATE KEY")) return createPublicKey(text);
  } catch {
    // The reason might quote the text.
  }
  throw new TypeError("Expected a public key as PEM (SPKI) or JSON (JWK)");
}

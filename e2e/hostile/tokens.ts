/**
 * Tokens for the subject that asks who comes, good ones and those that nobody should show: made by hand, since libraries refuse to make
 * the bad ones, with keys that are made anew in every run. It remembers whatever it made or was told of, so that a row's clauses can ask
 * whether a log or an answer repeats it; it must never print any of it.
 */
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export const issuer = "https://issuer.example";
export const audience = "hostile";

const hourMs = 3_600_000;
/** Shorter pieces of a token stand in others as well, and give nothing away. */
const pieceCharsMin = 16;

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const strangersKey = generateKeyPairSync("ed25519").privateKey;

/** By which the subject knows good tokens. */
export const publicKeyPem = publicKey.export({ type: "spki", format: "pem" }) as string;

const pieces = new Set<string>();

/** Remembers a secret, and each of its parts. */
export function remember(secret: string): string {
  for (const piece of secret.split(".")) if (piece.length >= pieceCharsMin) pieces.add(piece);
  return secret;
}

/** Whether a text has part of any secret that there ever was. */
export const repeatsSecret = (text: string): boolean => [...pieces].some((piece) => text.includes(piece));

export interface Claims {
  readonly subject?: string;
  readonly read?: readonly string[];
  readonly publish?: readonly string[];
  readonly lifeMs?: number;
  /** Whatever stands there instead. */
  readonly more?: Readonly<Record<string, unknown>>;
}

type Seal = (text: string) => Buffer;

const sealedBy =
  (key: KeyObject): Seal =>
  (text) =>
    sign(null, Buffer.from(text), key);

const byPublicKey: Seal = (text) => createHmac("sha256", publicKeyPem).update(text).digest();

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function made({ subject = "alice", read = ["**"], publish = ["**"], lifeMs = hourMs, more = {} }: Claims, alg: string, seal: Seal): string {
  const nowMs = Date.now();
  const body = {
    iss: issuer,
    aud: audience,
    sub: subject,
    iat: Math.floor(nowMs / 1_000),
    exp: (nowMs + lifeMs) / 1_000,
    holdfast: { read, publish },
    ...more,
  };
  // No two are the same: what was answered to one is remembered for that one only.
  const text = `${encoded({ alg, kid: "k1" })}.${encoded({ ...body, jti: randomBytes(12).toString("hex") })}`;
  return remember(`${text}.${seal(text).toString("base64url")}`);
}

/** A good token, but for what its claims say. */
export const token = (claims: Claims = {}): string => made(claims, "EdDSA", sealedBy(privateKey));

/** Tokens that open nothing, each with what it is. */
export const badTokens: readonly (readonly [input: string, code: "unauthenticated" | "token_expired", make: () => string])[] = [
  ["a token that ran out a minute ago", "token_expired", () => token({ lifeMs: -60_000 })],
  ["an unsigned token (`alg` is `none`)", "unauthenticated", () => made({}, "none", () => Buffer.alloc(0))],
  ["a token that says to be signed by a secret, with our public key for it", "unauthenticated", () => made({}, "HS256", byPublicKey)],
  ["a token that somebody else signed", "unauthenticated", () => made({}, "EdDSA", sealedBy(strangersKey))],
  ["a token for somebody else (`aud`)", "unauthenticated", () => token({ more: { aud: "elsewhere" } })],
  ["a token of another issuer (`iss`)", "unauthenticated", () => token({ more: { iss: "https://elsewhere.example" } })],
  ["a token that is not good before an hour from now (`nbf`)", "unauthenticated", () => token({ more: { nbf: Math.floor((Date.now() + hourMs) / 1_000) } })],
];

/** A good token of about so many bytes. */
export const longToken = (bytes: number): string => token({ more: { note: "x".repeat(Math.floor(bytes * 0.75)) } });

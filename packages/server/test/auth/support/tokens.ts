/**
 * An issuer of tokens for tests: keys made anew, and tokens that are good but for what a test changes.
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";

export const issuer = "https://issuer.example";
export const audience = "holdfast";

export interface Claims {
  readonly subject?: string;
  readonly read?: unknown;
  readonly publish?: unknown;
  readonly close?: unknown;
  /** Until then, in ms from `nowMs`. */
  readonly lifeMs?: number;
  readonly nowMs?: number;
  readonly more?: JWTPayload;
}

export interface Issuer {
  readonly publicKey: KeyObject;
  readonly pem: string;
  readonly jwk: Record<string, unknown>;
  sign(claims?: Claims, alg?: string, kid?: string): Promise<string>;
}

/** An issuer with an Ed25519 key, which is quick. */
export function newIssuer(kid = "k1"): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    publicKey,
    pem: publicKey.export({ type: "spki", format: "pem" }) as string,
    jwk: { ...publicKey.export({ format: "jwk" }), kid, alg: "EdDSA", use: "sig" },
    sign: (claims = {}, alg = "EdDSA", givenKid = kid) => sign(claims, alg, givenKid, privateKey),
  };
}

/** A token signed by whatever key. */
export async function sign(claims: Claims, alg: string, kid: string, key: KeyObject | Uint8Array): Promise<string> {
  const { subject = "alice", lifeMs = 60_000, nowMs = Date.now(), read, publish, close, more = {} } = claims;
  const holdfast = {
    ...(read === undefined ? {} : { read }),
    ...(publish === undefined ? {} : { publish }),
    ...(close === undefined ? {} : { close }),
  };
  const payload: JWTPayload = { iss: issuer, aud: audience, sub: subject, iat: Math.floor(nowMs / 1_000), exp: (nowMs + lifeMs) / 1_000, holdfast, ...more };
  return await new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key);
}

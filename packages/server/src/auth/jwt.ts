/**
 * An authorizer for signed JWTs (RFC 7519) by `jose`: who issued them, for whom, and until when is always checked, and what the claim allows
 * are patterns of streams. It must never take a token by an algorithm that was not meant for its key, nor let a subject's name widen a pattern.
 */
import { type Clock, HoldfastError, isStreamName } from "@holdfast/protocol";
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { dateOf } from "./adapters/date.ts";
import { loadKeys } from "./adapters/load-keys.ts";
import { publicKeyOf } from "./adapters/public-key.ts";
import { type Authorizer, type Credentials, type Principal, patternFault } from "./authorizer.ts";
import { keySet, type LoadKeys } from "./jwks.ts";

export interface JwtOptions {
  /** `iss` must be this, or one of these. */
  readonly issuer: string | readonly string[];
  /** `aud` must name this, or one of these. */
  readonly audience: string | readonly string[];
  /** Where keys come from: one of the four. An address or file with a JWKS; or what loads one. */
  readonly jwks?: string | LoadKeys;
  /** A public key, as PEM (SPKI) or JSON (JWK). */
  readonly publicKey?: string;
  /** A shared secret, at least 32 bytes, for HS256, HS384 and HS512. */
  readonly secret?: Uint8Array;
  /** What tokens may be signed by. Default: all asymmetric ones; for a secret, HS256. */
  readonly algorithms?: readonly string[];
  /** How far clocks may differ, in ms. Default 30,000, at most 60,000. */
  readonly clockToleranceMs?: number;
  /** The claim that holds `{ read: [...], publish: [...], close: [...] }`. Default `holdfast`. */
  readonly claim?: string;
}

const asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const symmetric = ["HS256", "HS384", "HS512"];
const toleranceMsMax = 60_000;
const toleranceMsDefault = 30_000;
const secretBytesMin = 32;
const patternsMax = 64;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const texts = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/** Fills in and checks. Throws a TypeError that names the option. */
function resolved(options: JwtOptions): Required<Pick<JwtOptions, "algorithms" | "clockToleranceMs" | "claim">> {
  const { issuer, audience, jwks, publicKey, secret, clockToleranceMs = toleranceMsDefault, claim = "holdfast" } = options;
  for (const [name, value] of Object.entries({ issuer, audience })) {
    if (value === undefined || texts(value).length === 0 || !texts(value).every(isText)) throw new TypeError(`Expected \`${name}\` of JWTs to be given`);
  }
  if ([jwks, publicKey, secret].filter((source) => source !== undefined).length !== 1) throw new TypeError("Expected one of `jwks`, `publicKey` and `secret`");
  if (secret !== undefined && secret.length < secretBytesMin)
    throw new TypeError(`Expected \`secret\` to have at least ${secretBytesMin} bytes, got ${secret.length}`);
  const known = secret === undefined ? asymmetric : symmetric;
  const algorithms = options.algorithms ?? (secret === undefined ? asymmetric : ["HS256"]);
  // A public key is no secret: were it taken for one, anybody could sign.
  if (algorithms.length === 0 || !algorithms.every((name) => known.includes(name)))
    throw new TypeError(`Expected \`algorithms\` to be some of ${known.join(", ")}, got ${algorithms.join(", ")}`);
  if (!(clockToleranceMs >= 0 && clockToleranceMs <= toleranceMsMax))
    throw new TypeError(`Expected \`clockToleranceMs\` to be at most ${toleranceMsMax}, got ${clockToleranceMs}`);
  return { algorithms, clockToleranceMs, claim };
}

/** The key or the keys, as `jwtVerify` takes them. */
function keysFor({ jwks, publicKey, secret }: JwtOptions, clock: Clock): JWTVerifyGetKey {
  if (jwks !== undefined) return keySet(typeof jwks === "string" ? loadKeys(jwks) : jwks, clock);
  const key = secret ?? publicKeyOf(publicKey as string);
  return async () => key;
}

/** Why a token is refused, in words for people that hold nothing of it. */
function refusalOf(thrown: unknown): HoldfastError | null {
  if (thrown instanceof errors.JWTExpired) return new HoldfastError("token_expired", "the token has run out");
  if (thrown instanceof errors.JWTClaimValidationFailed)
    return new HoldfastError("unauthenticated", `the token's ${thrown.claim} is not what is expected here`);
  if (thrown instanceof errors.JWKSTimeout) return null;
  if (thrown instanceof errors.JOSEError) return new HoldfastError("unauthenticated", `the token is not accepted (${thrown.code})`);
  // What `jose` calls a key that does not fit the algorithm.
  return thrown instanceof TypeError ? new HoldfastError("unauthenticated", "the token is not signed by a key of ours") : null;
}

/** Patterns with the subject's name put in. A name that is more than one literal segment fits into none: it would be a pattern itself. */
function patternsOf(value: unknown, subject: string, name: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > patternsMax || !value.every(isText)) {
    throw new HoldfastError("unauthenticated", `expected \`${name}\` in the token to be a list of at most ${patternsMax} patterns`);
  }
  const isSegment = isStreamName(subject) && !subject.includes("/") && !subject.includes("*");
  const patterns = value.filter((pattern) => isSegment || !pattern.includes("{sub}")).map((pattern) => pattern.replaceAll("{sub}", () => subject));
  const fault = patterns.map(patternFault).find((each) => each !== null);
  if (fault !== undefined) throw new HoldfastError("unauthenticated", `\`${name}\` in the token: ${fault}`);
  return patterns;
}

function principalOf(payload: JWTPayload, claim: string, toleranceMs: number): Principal {
  const { sub = "", exp = 0, iat } = payload;
  const rights = payload[claim] ?? {};
  if (typeof rights !== "object" || rights === null) throw new HoldfastError("unauthenticated", `expected \`${claim}\` in the token to be an object`);
  const { read, publish, close } = rights as Record<string, unknown>;
  return {
    subject: sub,
    // Whoever's clock it was judged by: the same tolerance holds to the end.
    expiresMs: exp * 1_000 + toleranceMs,
    issuedMs: iat === undefined ? null : iat * 1_000,
    read: patternsOf(read, sub, `${claim}.read`),
    publish: patternsOf(publish, sub, `${claim}.publish`),
    ...(close === undefined ? {} : { close: patternsOf(close, sub, `${claim}.close`) }),
  };
}

/** Judges JWTs. Throws a TypeError for options that would let anybody in. */
export function jwtAuthorizer(options: JwtOptions, clock: Clock): Authorizer {
  const { algorithms, clockToleranceMs, claim } = resolved(options);
  const keys = keysFor(options, clock);
  const issuer = [...texts(options.issuer)];
  const audience = [...texts(options.audience)];
  return {
    asksPeer: false,
    authenticate: async ({ token }: Credentials): Promise<Principal> => {
      if (token === null) throw new HoldfastError("unauthenticated", "expected a token");
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: [...algorithms],
          clockTolerance: clockToleranceMs / 1_000,
          currentDate: dateOf(clock.wallMs()),
          requiredClaims: ["sub", "exp"],
        });
        return principalOf(payload, claim, clockToleranceMs);
      } catch (thrown) {
        if (thrown instanceof HoldfastError) throw thrown;
        throw refusalOf(thrown) ?? thrown;
      }
    },
  };
}

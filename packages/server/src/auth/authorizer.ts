/**
 * The seam between the server and whoever decides who may do what: what is known of a client (credentials), who it is then taken to be
 * (a principal), and the two questions. Values and checks only: it must never keep a token, nor put one into a message.
 */
import { isKey, matchesPattern, streamNameFault } from "@holdfast/protocol";

/** What a client shows, and where it comes from. Of the first three at most one is judged, in this order. */
export interface Credentials {
  /** From `hello`, `auth` or the Authorization header; the empty text when there was one that cannot be read. */
  readonly token: string | null;
  readonly ticket: string | null;
  readonly cookie: string | null;
  /** The client's address, without a port. */
  readonly peer: string;
  /** The origin of the page; null when it is no page's. */
  readonly origin: string | null;
}

export const noCredentials: Credentials = Object.freeze({ token: null, ticket: null, cookie: null, peer: "", origin: null });

/** `close` ends a stream; `list` is asked with a prefix of names. */
export type Action = "read" | "publish" | "close" | "list";

/** Streams, by patterns (`*` one segment, a last `**` one or more), or by a function that must be quick and must not throw. */
export type Rights = readonly string[] | ((stream: string) => boolean);

/** Who a client is taken to be, and for how long. One object for all links that show the same, as long as it is remembered. */
export interface Principal {
  /** 1 to 255 bytes; by it access is revoked. */
  readonly subject: string;
  /** In ms since 1970-01-01 UTC; null when it does not end by itself. */
  readonly expiresMs: number | null;
  /** When what proves it was issued, for revocations: without it, whatever came before any revocation of the subject. */
  readonly issuedMs?: number | null;
  readonly read: Rights;
  readonly publish: Rights;
  /** Streams that it may end. Default: those that it may publish to. */
  readonly close?: Rights;
}

type Awaitable<T> = T | Promise<T>;

/** Decides. Whatever it throws, but for HoldfastErrors with the codes named here, is no verdict: the client comes back later. */
export interface Authorizer {
  /** Who that is; null for nobody. May throw `unauthenticated` or `token_expired` with words for people. `signal` fires when nobody waits any more. */
  authenticate(credentials: Credentials, signal: AbortSignal): Awaitable<Principal | null>;
  /** Asked only for what the principal's own rights allow. Without it they decide alone. */
  authorize?(principal: Principal, action: Action, stream: string, signal: AbortSignal): Awaitable<boolean>;
  /** False when answers depend on the token alone, so that one answer serves all addresses and origins. Default: true. */
  readonly asksPeer?: boolean;
}

/** What a plain function is asked: first who that is (`connect`), then what it may do. */
export type Question = { readonly credentials: Credentials; readonly signal: AbortSignal } & (
  | { readonly action: "connect"; readonly stream: null; readonly principal: null }
  | { readonly action: Action; readonly stream: string; readonly principal: Principal }
);

/**
 * Everything as one function. To `connect` it answers with a principal, of which all but the subject may be left out, or false for nobody;
 * to everything else yes or no.
 */
export type AuthorizeFunction = (question: Question) => Awaitable<boolean | (Partial<Principal> & Pick<Principal, "subject">)>;

/** The decision on authorization: everybody may do everything, or somebody decides. */
export type Auth = "anonymous" | AuthorizeFunction | Authorizer;

const everything: readonly string[] = Object.freeze(["**"]);

/** Whoever comes, where nobody is asked. */
export const anybody: Principal = Object.freeze({ subject: "anonymous", expiresMs: null, issuedMs: null, read: everything, publish: everything });

/** A function as an authorizer. */
export function authorizerOf(decide: AuthorizeFunction): Authorizer {
  /** The function may want to see again what a principal was made from; nobody else holds it. */
  const shown = new WeakMap<Principal, Credentials>();
  return {
    authenticate: async (credentials, signal) => {
      const answer = await decide({ credentials, action: "connect", stream: null, principal: null, signal });
      if (answer === false) return null;
      if (typeof answer !== "object") throw new TypeError("expected the answer to `connect` to be a principal or false");
      const principal: Principal = { expiresMs: null, read: everything, publish: everything, ...answer };
      shown.set(principal, credentials);
      return principal;
    },
    authorize: async (principal, action, stream, signal) => {
      const credentials = shown.get(principal) ?? noCredentials;
      return (await decide({ credentials, action, stream, principal, signal })) === true;
    },
  };
}

/** Whether rights cover a stream. A function that fails allows nothing. */
export function allows(rights: Rights, stream: string): boolean {
  if (typeof rights !== "function") return rights.some((pattern) => matchesPattern(pattern, stream));
  try {
    return rights(stream) === true;
  } catch {
    return false;
  }
}

/** The rights that an action takes. */
export function rightsFor(principal: Principal, action: Action): Rights {
  switch (action) {
    case "read":
    case "list":
      return principal.read;
    case "publish":
      return principal.publish;
    case "close":
      return principal.close ?? principal.publish;
    default:
      return action satisfies never;
  }
}

/** A pattern is a stream's name with wildcards; why this is none, or null. */
export function patternFault(pattern: unknown): string | null {
  return streamNameFault(typeof pattern === "string" ? pattern.replaceAll("*", "x") : pattern);
}

/** Checks what an authorizer answered, since it may be anybody's code: a mistake in it must not let anybody in. */
export function checkedPrincipal(principal: Principal): Principal {
  const { subject, expiresMs, issuedMs = null } = principal;
  const isTime = (value: unknown): boolean => value === null || Number.isFinite(value);
  const areRights = (rights: unknown): boolean =>
    rights === undefined || typeof rights === "function" || (Array.isArray(rights) && rights.every((pattern) => patternFault(pattern) === null));
  const isGood = isKey(subject) && isTime(expiresMs) && isTime(issuedMs) && [principal.read, principal.publish, principal.close].every(areRights);
  if (!isGood || principal.read === undefined || principal.publish === undefined) {
    throw new TypeError("expected a principal: subject, expiresMs, and read and publish as patterns or functions");
  }
  return principal;
}

/** What is said of everything that is not allowed. It does not depend on the stream, nor on whether that exists. */
export const forbiddenText = "not allowed";

/**
 * What a subject's process can be asked, and what it tells.
 */
import type { GuardOptions } from "@holdfast/guard";
import type { ServerOptions } from "@holdfast/server";

/** What has been counted so far, by code. */
export interface Counts {
  readonly refused: Readonly<Record<string, number>>;
  /** Connections and links that ended, by code, with the side where it is told (`code side`). */
  readonly ended: Readonly<Record<string, number>>;
  /** Connections that the subject believes to be open, of those that it counts. */
  readonly open: number;
}

export interface Opening {
  readonly isGuarded: boolean;
  /** Whether certificates can be made. */
  readonly hasOpenssl: boolean;
  readonly guardOptions: Partial<GuardOptions>;
  readonly serverOptions: Partial<ServerOptions>;
  /** Whose tokens are good, where everybody is asked for one; null: nobody is asked. */
  readonly tokensOf: TokenIssuer | null;
}

export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** As PEM. */
  readonly publicKey: string;
}

export interface Opened {
  readonly port: number;
  /** A listener of the same that stands behind a PROXY header from 127.0.0.1; 0 where there is none. */
  readonly proxiedPort: number;
  /** A listener of the same with TLS; 0 where there is none. */
  readonly securePort: number;
}

/** Whose `X-Forwarded-For` a plain service believes. */
export const trustedProxy = "127.0.0.66";

export type SubjectCalls = {
  readonly open: (opening: Opening) => Promise<Opened>;
  readonly counts: () => Counts;
  /** Revokes what a subject was allowed; how many links that ended. */
  readonly revoke: (subject: string) => number;
  /** Collects garbage, so that what is left of memory is what is held. */
  readonly collect: () => void;
};

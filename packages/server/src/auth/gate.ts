/**
 * The one place where the server asks who somebody is and what they may do. Where nobody decides (`anonymous`) every answer is there at once
 * and nothing is looked at; else answers come from the authorizer, through one lane and two memories, and are checked against revocations.
 * It must never answer yes because something failed, nor remember a failure.
 */
import { hash } from "node:crypto";
import { type Env, HoldfastError, heldStream, limits } from "@holdfast/protocol";
import { type Action, type Authorizer, allows, anybody, type Credentials, checkedPrincipal, type Principal, rightsFor } from "./authorizer.ts";
import { type Revocation, type RevocationRules, Revocations } from "./revocation.ts";
import { Lane, type LaneWorld, SingleFlight } from "./single-flight.ts";
import type { Opened, Redeemed, Tickets } from "./tickets.ts";

export interface Gate {
  /** False where everybody may do everything: then credentials need not be gathered. */
  readonly isGuarded: boolean;
  /** Who shows these. Throws or rejects with a HoldfastError: `unauthenticated`, `token_expired`, `overloaded`. */
  admit(credentials: Credentials): Principal | Promise<Principal>;
  /** Whether they may. Throws or rejects with a HoldfastError when it cannot be found out. */
  may(principal: Principal, action: Action, stream: string): boolean | Promise<boolean>;
  /** Whether a stream is shown in their list. */
  shows(principal: Principal, stream: string): boolean;
  /** Whether what they have shown is still good by itself: not past its time, and not revoked. */
  holds(principal: Principal): boolean;
  /** The same one, where something was waited for since they were admitted. Throws a HoldfastError when what they have shown is not good any more. */
  confirm(principal: Principal): Principal;
}

/** Where nobody decides. */
export const openGate: Gate = {
  isGuarded: false,
  admit: () => anybody,
  may: () => true,
  shows: () => true,
  holds: () => true,
  confirm: (principal) => principal,
};

export interface GateRules extends RevocationRules {
  readonly authorizeConcurrencyMax: number;
  readonly authorizeQueueMax: number;
  readonly authorizeMs: number;
  readonly authorizeCacheMs: number;
  readonly authorizeCacheEntriesMax: number;
}

/** A no is remembered for so much less than a yes: somebody may be about to get the permission. */
const noShare = 0.1;

const unauthenticated = (why: string): HoldfastError => new HoldfastError("unauthenticated", why);

/** An answer about who that is. A refusal that was decided is an answer, too. */
type Admission = Principal | HoldfastError;

export class GuardedGate implements Gate {
  readonly isGuarded = true;
  readonly #authorizer: Authorizer;
  readonly #rules: GateRules;
  readonly #env: Pick<Env, "clock">;
  readonly #counters: LaneWorld["counters"];
  readonly #tickets: Tickets;
  readonly #revocations: Revocations;
  readonly #lane: Lane;
  readonly #admissions: SingleFlight<Admission>;
  readonly #decisions: SingleFlight<boolean>;
  /** Names of principals: two with the same subject may have shown different tokens. Those of one session share one, because each request opens it anew. */
  readonly #names = new WeakMap<Principal, string>();
  #numbered = 0;

  constructor(authorizer: Authorizer, rules: GateRules, env: Pick<Env, "clock" | "rng">, counters: LaneWorld["counters"], tickets: Tickets) {
    const { authorizeConcurrencyMax, authorizeQueueMax, authorizeMs, authorizeCacheEntriesMax } = rules;
    this.#authorizer = authorizer;
    this.#rules = rules;
    this.#env = env;
    this.#counters = counters;
    this.#tickets = tickets;
    this.#revocations = new Revocations(rules, env.clock);
    const laneRules = { concurrencyMax: authorizeConcurrencyMax, queueMax: authorizeQueueMax, deadlineMs: authorizeMs };
    this.#lane = new Lane(laneRules, { clock: env.clock, rng: env.rng, counters });
    this.#admissions = new SingleFlight(this.#lane, env.clock, authorizeCacheEntriesMax);
    this.#decisions = new SingleFlight(this.#lane, env.clock, authorizeCacheEntriesMax);
  }

  get revocations(): { readonly size: number; readonly dropped: number } {
    return this.#revocations;
  }

  admit(credentials: Credentials): Principal | Promise<Principal> {
    const { token, cookie, ticket } = credentials;
    if (token === null && cookie !== null) return this.#good(this.#named(this.#tickets.open(cookie)));
    if (token === null && ticket !== null) throw unauthenticated("a ticket is redeemed first");
    if (token === "") throw unauthenticated("expected `Authorization: Bearer` and a token");
    const { value: tokenBytesMax } = limits.tokenBytesMax;
    if (token !== null && (token.length > tokenBytesMax || Buffer.byteLength(token) > tokenBytesMax)) {
      throw unauthenticated(`expected a token of at most ${tokenBytesMax} bytes`);
    }
    const asked = this.#admissions.ask(
      this.#keyOf(credentials),
      (signal) => this.#authenticate(credentials, signal),
      (answer) => this.#keepMs(answer),
      (answer) => (answer instanceof HoldfastError ? "" : answer.subject),
    );
    return asked instanceof Promise
      ? asked.then(
          (answer) => this.#good(answer),
          (thrown: unknown) => this.#failed(thrown),
        )
      : this.#good(asked);
  }

  may(principal: Principal, action: Action, stream: string): boolean | Promise<boolean> {
    // Nothing is in it, and nothing comes into it.
    if (stream === heldStream && action !== "list") return action === "read";
    const { authorize } = this.#authorizer;
    // A list is asked for by a prefix, which is no stream's name: its names are looked at one by one (`shows`).
    if (action !== "list" && !allows(rightsFor(principal, action), stream)) return false;
    if (authorize === undefined) return true;
    const keepMs = this.#rules.authorizeCacheMs;
    const asked = this.#decisions.ask(
      `${this.#nameOf(principal)} ${action} ${stream}`,
      async (signal) => (await authorize.call(this.#authorizer, principal, action, stream, signal)) === true,
      (answer) => keepMs * (answer ? 1 : noShare),
      () => principal.subject,
    );
    return asked instanceof Promise ? asked.catch((thrown: unknown) => this.#failed(thrown)) : asked;
  }

  shows(principal: Principal, stream: string): boolean {
    return allows(principal.read, stream);
  }

  holds(principal: Principal): boolean {
    return (principal.expiresMs ?? Number.POSITIVE_INFINITY) > this.#env.clock.wallMs() && !this.#revocations.covers(principal);
  }

  confirm(principal: Principal): Principal {
    return this.#good(principal);
  }

  /** From now on nothing counts that the subject was given before. Whoever has links of theirs ends them. */
  revoke(revocation: Revocation): void {
    this.#revocations.add(revocation);
    this.#admissions.forget(revocation.subject);
    this.#decisions.forget(revocation.subject);
  }

  /** A ticket for whoever shows a token. */
  async ticketFor(credentials: Credentials): Promise<{ readonly ticket: string; readonly expiresMs: number }> {
    if (credentials.token === null) throw unauthenticated("expected a token");
    return this.#tickets.issue(await this.admit(credentials));
  }

  /** Redeems a ticket. */
  redeem(ticket: string): Redeemed {
    const redeemed = this.#tickets.redeem(ticket);
    this.#good(this.#named(redeemed));
    return redeemed;
  }

  /** Whether the cookie is what this ticket was redeemed into. */
  isRedeemed(ticket: string, cookie: string): boolean {
    return this.#tickets.isOf(cookie, ticket);
  }

  async #authenticate(credentials: Credentials, signal: AbortSignal): Promise<Admission> {
    try {
      const principal = await this.#authorizer.authenticate(credentials, signal);
      return principal === null ? unauthenticated("not accepted") : checkedPrincipal(principal);
    } catch (thrown) {
      if (thrown instanceof HoldfastError && (thrown.code === "unauthenticated" || thrown.code === "token_expired")) return thrown;
      throw thrown;
    }
  }

  #keepMs(answer: Admission): number {
    const { authorizeCacheMs } = this.#rules;
    if (answer instanceof HoldfastError) return authorizeCacheMs * noShare;
    return Math.min(authorizeCacheMs, (answer.expiresMs ?? Number.POSITIVE_INFINITY) - this.#env.clock.wallMs());
  }

  /** An answer is judged when it is used: it may have been remembered. */
  #good(answer: Admission): Principal {
    if (answer instanceof HoldfastError) throw answer;
    if (this.#revocations.covers(answer)) throw unauthenticated("access was revoked");
    if (!this.holds(answer)) throw new HoldfastError("token_expired", "the token has run out");
    return answer;
  }

  /** What is no verdict says: come back. What it was is counted, and not told: it may hold anything. */
  #failed(thrown: unknown): never {
    if (thrown instanceof HoldfastError && thrown.code === "overloaded") throw thrown;
    this.#counters.authorizeFailed++;
    throw new HoldfastError("overloaded", "nobody could be asked", { cause: thrown, afterMs: Math.round(this.#rules.authorizeMs / 2) });
  }

  /** Tokens are not kept, not even as names of what is remembered. */
  #keyOf({ token, peer, origin }: Credentials): string {
    return hash("sha256", JSON.stringify(this.#authorizer.asksPeer === false ? [token] : [token, peer, origin]), "base64url");
  }

  #named({ id, principal }: Opened): Principal {
    this.#names.set(principal, `session-${id}`);
    return principal;
  }

  #nameOf(principal: Principal): string {
    const known = this.#names.get(principal);
    if (known !== undefined) return known;
    const name = String(++this.#numbered);
    this.#names.set(principal, name);
    return name;
  }
}

/** Asks, and goes on at once when the answer is there. `failed` gets whatever was thrown, as a HoldfastError. */
export function settled<T>(ask: () => T | Promise<T>, done: (value: T) => void, failed: (error: HoldfastError) => void): void {
  let value: T | Promise<T>;
  try {
    value = ask();
  } catch (thrown) {
    failed(HoldfastError.from(thrown));
    return;
  }
  if (value instanceof Promise) value.then(done, (thrown: unknown) => failed(HoldfastError.from(thrown)));
  else done(value);
}

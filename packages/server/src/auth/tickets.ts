/**
 * What stands in for a token where none can be sent: a ticket, good once and for half a minute, and the session that it is redeemed into,
 * for the cookie. Both are signed values: the server keeps nothing but the ids of tickets that were used.
 *
 *   token --issue--> ticket (names its node) --redeem--> session (any node with the secret) --principal
 *
 * It must never give more than the token gave: reading only, and not for longer.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Env, HoldfastError, randomId } from "@holdfast/protocol";
import type { Principal } from "./authorizer.ts";

export interface TicketRules {
  readonly ticketMs: number;
  readonly sessionMs: number;
  /** Used tickets that are remembered, each for `ticketMs`; while there are so many, none is redeemed. */
  readonly ticketsMax: number;
}

/** What is signed. */
interface Claims {
  readonly kind: "ticket" | "session";
  /** Of the ticket; the session that it became bears it, too. */
  readonly id: string;
  /** The node that gave the ticket; sessions are good on all. */
  readonly node?: string;
  readonly subject: string;
  readonly read: readonly string[];
  readonly issuedMs: number | null;
  /** When the ticket or the session ends. */
  readonly untilMs: number;
  /** When that ends which the token gave; null when it does not. */
  readonly expiresMs: number | null;
}

/** Browsers keep cookies of 4,096 bytes, name and attributes included. */
const sessionBytesMax = 3_584;
const idChars = 26;
const secretBytesMin = 32;

const refusal = (why: string): HoldfastError => new HoldfastError("unauthenticated", why);

/** Whose a session is. */
export interface Opened {
  /** The same for as long as the session lasts. It proves nothing. */
  readonly id: string;
  readonly principal: Principal;
}

/** A session that a ticket was redeemed into. */
export interface Redeemed extends Opened {
  readonly session: string;
  /** How long it lasts from now. */
  readonly expiresMs: number;
}

export class Tickets {
  readonly #rules: TicketRules;
  readonly #env: Env;
  readonly #node: string;
  readonly #key: Uint8Array;
  /** Ids of used tickets, and when they are over anyway, the oldest in front. */
  readonly #used = new Map<string, number>();

  /** Throws a TypeError for a secret that can be guessed. */
  constructor(rules: TicketRules, env: Env, node: string, secret: Uint8Array) {
    if (secret.length < secretBytesMin) throw new TypeError(`Expected the secret for tickets to have at least ${secretBytesMin} bytes, got ${secret.length}`);
    this.#rules = rules;
    this.#env = env;
    this.#node = node;
    // The same secret may serve other ends: each has a key of its own.
    this.#key = createHmac("sha256", secret).update("holdfast tickets v1").digest();
  }

  /** A ticket for whoever has shown a token. */
  issue({ subject, read, issuedMs = null, expiresMs }: Principal): { readonly ticket: string; readonly expiresMs: number } {
    if (typeof read === "function") throw new HoldfastError("bad_request", "rights that are a function do not fit into a ticket");
    const { ticketMs } = this.#rules;
    const claims = { id: randomId(this.#env.rng, idChars), node: this.#node, subject, read, issuedMs, untilMs: this.#nowMs + ticketMs, expiresMs };
    const ticket = this.#sign({ kind: "ticket", ...claims });
    if (ticket.length > sessionBytesMax) throw new HoldfastError("bad_request", "the token allows more patterns than fit into a cookie");
    return { ticket, expiresMs: ticketMs };
  }

  /** The session for a ticket; the ticket is void then. Throws `unauthenticated`, or `overloaded` when too many are redeemed. */
  redeem(ticket: string): Redeemed {
    const claims = this.#read(ticket, "ticket");
    if (claims.node !== this.#node) throw refusal("the ticket was given by another node, or before a restart");
    const nowMs = this.#nowMs;
    if (claims.untilMs <= nowMs) throw refusal("the ticket has run out");
    if (this.#used.has(claims.id)) throw refusal("the ticket has been used");
    for (const [id, untilMs] of this.#used) {
      if (untilMs > nowMs) break;
      this.#used.delete(id);
    }
    if (this.#used.size >= this.#rules.ticketsMax) {
      throw new HoldfastError("overloaded", "too many tickets are redeemed", { afterMs: this.#rules.ticketMs });
    }
    this.#used.set(claims.id, claims.untilMs);
    const untilMs = Math.min(nowMs + this.#rules.sessionMs, claims.expiresMs ?? Number.POSITIVE_INFINITY);
    const { node: _, ...rest } = claims;
    const session: Claims = { ...rest, kind: "session", untilMs };
    return { id: claims.id, principal: principalOf(session), session: this.#sign(session), expiresMs: Math.max(0, untilMs - nowMs) };
  }

  /** Who a cookie says that it is. Throws `unauthenticated` or `token_expired`. */
  open(session: string): Opened {
    const claims = this.#read(session, "session");
    if (claims.untilMs <= this.#nowMs) throw new HoldfastError("token_expired", "the session has run out");
    return { id: claims.id, principal: principalOf(claims) };
  }

  /** Whether a session came of this ticket: an EventSource that comes back shows both. */
  isOf(session: string, ticket: string): boolean {
    try {
      return this.#read(session, "session").id === this.#read(ticket, "ticket").id;
    } catch {
      return false;
    }
  }

  get #nowMs(): number {
    return this.#env.clock.wallMs();
  }

  #sign(claims: Claims): string {
    const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return `${body}.${this.#seal(body)}`;
  }

  #seal(body: string): string {
    return createHmac("sha256", this.#key).update(body).digest("base64url");
  }

  #read(text: string, kind: Claims["kind"]): Claims {
    const dot = text.indexOf(".");
    const body = text.slice(0, Math.max(0, dot));
    const given = Buffer.from(text.slice(dot + 1));
    const seal = Buffer.from(this.#seal(body));
    if (dot < 0 || given.length !== seal.length || !timingSafeEqual(given, seal)) throw refusal(`the ${kind} is not one of this server's`);
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Claims;
    if (claims.kind !== kind) throw refusal(`expected a ${kind}`);
    return claims;
  }
}

const nothing: readonly string[] = Object.freeze([]);

const principalOf = ({ subject, read, issuedMs, untilMs }: Claims): Principal => ({ subject, expiresMs: untilMs, issuedMs, read, publish: nothing });

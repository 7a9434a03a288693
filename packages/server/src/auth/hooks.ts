/**
 * Where an application may look on and say no: whoever comes, what is published, who has gone. Called through here, so that a hook that
 * throws or hangs refuses what it was asked about, and harms nothing else.
 */
import { type Code, HoldfastError, type PayloadFormat } from "@holdfast/protocol";
import type { AppendEntry, AppendRequest } from "../engine.ts";
import type { Principal } from "./authorizer.ts";
import type { Lane } from "./single-flight.ts";

/** A link, for hooks. */
export interface LinkFacts {
  readonly id: string;
  readonly transport: string;
  /** The client's address; empty when it is not known. */
  readonly peer: string;
  readonly origin: string | null;
}

/** An entry that somebody wants to publish. Its bytes are not to be changed. */
export interface PublishFacts {
  readonly principal: Principal;
  readonly stream: string;
  readonly entry: { readonly format: PayloadFormat; readonly payload: Uint8Array; readonly key?: string };
}

/** Why a publish is refused. The code's rule says what the publisher does then. */
export interface HookRefusal {
  readonly code: Code;
  readonly message: string;
}

/** How a link ended. */
export interface LinkEnd {
  /** The code that this side ended it with; null when it was the client, or the network. */
  readonly code: Code | null;
  readonly ageMs: number;
  /** For how long nothing had come. */
  readonly silentMs: number;
}

type Awaitable<T> = T | Promise<T>;

export interface Hooks {
  /** Before an entry is added, for each of a batch. Nothing, or undefined, lets it pass. What is refused leaves all of its batch out. */
  onPublish?(facts: PublishFacts): Awaitable<HookRefusal | undefined>;
  /** Before `welcome`. A HoldfastError that is thrown ends the link with its code. */
  onConnect?(principal: Principal, link: LinkFacts): Awaitable<void>;
  /** After the end of every link that `onConnect` let pass. */
  onDisconnect?(principal: Principal, link: LinkFacts, end: LinkEnd): void;
}

/** Calls hooks. Null of a question: nothing is against it. */
export class HookCaller {
  readonly #hooks: Hooks;
  readonly #lane: Lane;
  readonly #counters: { hookErrors: number };

  constructor(hooks: Hooks, lane: Lane, counters: { hookErrors: number }) {
    this.#hooks = hooks;
    this.#lane = lane;
    this.#counters = counters;
  }

  /** Whether there is anybody to ask about a publish. */
  get asksPublish(): boolean {
    return this.#hooks.onPublish !== undefined;
  }

  connect(principal: Principal, link: LinkFacts): null | Promise<null> {
    const { onConnect } = this.#hooks;
    if (onConnect === undefined) return null;
    return this.#ask(async () => {
      await onConnect.call(this.#hooks, principal, link);
      return null;
    });
  }

  publish(principal: Principal, { stream, entries }: AppendRequest): null | Promise<HookRefusal | null> {
    const { onPublish } = this.#hooks;
    if (onPublish === undefined || entries.length === 0) return null;
    const one = async (entry: AppendEntry): Promise<HookRefusal | undefined> => await onPublish.call(this.#hooks, { principal, stream, entry });
    return this.#ask(async () => {
      for (const entry of entries) {
        const refusal = await one(entry);
        if (refusal !== undefined) return { code: refusal.code, message: refusal.message };
      }
      return null;
    });
  }

  disconnect(principal: Principal, link: LinkFacts, end: LinkEnd): void {
    try {
      this.#hooks.onDisconnect?.(principal, link, end);
    } catch {
      this.#counters.hookErrors++;
    }
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await this.#lane.ask(question);
    } catch (thrown) {
      if (thrown instanceof HoldfastError) throw thrown;
      this.#counters.hookErrors++;
      throw new HoldfastError("internal", "a hook failed", { cause: thrown });
    }
  }
}

/**
 * Who one link is, and what it may do: between the link and the gate. It keeps the principal and where the link came from, never a token.
 * Where everybody may do everything one of these serves all links.
 */
import { durationMsMax } from "@holdfast/protocol";
import { type Credentials, noCredentials, type Principal } from "../auth/authorizer.ts";
import { settled } from "../auth/gate.ts";
import type { LinkEnd, LinkFacts } from "../auth/hooks.ts";
import { judgePublish, type Verdict } from "../auth/publish-verdict.ts";
import type { AppendRequest } from "../engine.ts";
import type { HubContext } from "./hub-context.ts";

/** What is known of a link before its hello: what its request showed, or who it has been found to be. */
export interface Entry {
  readonly credentials: Credentials;
  readonly principal: Principal | null;
}

export const anyEntry: Entry = Object.freeze({ credentials: noCredentials, principal: null });

type Failed = Parameters<typeof settled>[2];

/** What a link is, to hooks. */
export interface LinkName {
  readonly id: string;
  readonly transport: string;
}

export class LinkAccess {
  readonly #hub: HubContext;
  readonly #credentials: Credentials;
  #principal: Principal | null;
  /** Whether the hook for those who come has let it pass. */
  #isConnected = false;

  constructor(hub: HubContext, { credentials, principal }: Entry) {
    this.#hub = hub;
    this.#principal = principal;
    // What is shown at the beginning is judged then, and not kept.
    this.#credentials = credentials;
  }

  get principal(): Principal | null {
    return this.#principal;
  }
  /** Whose the link is; null before that is known. */
  get subject(): string | null {
    return this.#principal?.subject ?? null;
  }
  /** Whether what it has shown still counts. */
  get holds(): boolean {
    return this.#principal === null || this.#hub.gate.holds(this.#principal);
  }
  /** Whether it lasts for a time only. */
  get expires(): boolean {
    return (this.#principal?.expiresMs ?? null) !== null;
  }

  /** Judges the hello. */
  judge(link: LinkName, token: string | undefined, done: () => void, failed: Failed): void {
    const { gate, hooks } = this.#hub;
    const known = this.#principal;
    settled(
      () => (known !== null && token === undefined ? gate.confirm(known) : gate.admit(this.#shown(token))),
      (principal) => {
        this.#principal = principal;
        const welcome = (): void => {
          this.#isConnected = true;
          done();
        };
        settled(() => hooks?.connect(principal, this.#facts(link)) ?? null, welcome, failed);
      },
      failed,
    );
  }

  /** Judges another token; it counts once `done` is called. `strange`: it is somebody else's. */
  renew(token: string, done: () => void, strange: () => void, failed: Failed): void {
    const { gate } = this.#hub;
    settled(
      () => gate.admit(this.#shown(token)),
      (principal) => {
        if (principal.subject !== this.#principal?.subject) return strange();
        this.#principal = principal;
        done();
      },
      failed,
    );
  }

  #shown(token: string | undefined): Credentials {
    return token === undefined ? this.#credentials : { ...this.#credentials, token };
  }

  mayRead(stream: string): boolean | Promise<boolean> {
    const principal = this.#principal;
    return principal !== null && this.#hub.gate.may(principal, "read", stream);
  }

  /** Whether it may publish that. Never rejects. */
  judgePublish(request: AppendRequest): Verdict | Promise<Verdict> {
    const { gate, hooks } = this.#hub;
    const principal = this.#principal;
    return principal === null ? { code: "unauthenticated", message: "not welcome" } : judgePublish(gate, hooks, principal, request);
  }

  /** For how long the link lasts, as its client is told; nothing when it does not end by itself. */
  expiry(): { readonly expiresMs?: number } {
    const expiresMs = this.#principal?.expiresMs ?? null;
    if (expiresMs === null) return {};
    return { expiresMs: Math.min(Math.max(0, Math.floor(expiresMs - this.#hub.env.clock.wallMs())), durationMsMax) };
  }

  /** The link is gone. */
  gone(link: LinkName, end: LinkEnd): void {
    const principal = this.#principal;
    if (!this.#isConnected || principal === null) return;
    this.#isConnected = false;
    this.#hub.hooks?.disconnect(principal, this.#facts(link), end);
  }

  #facts({ id, transport }: LinkName): LinkFacts {
    const { peer, origin } = this.#credentials;
    return { id, transport, peer, origin };
  }
}

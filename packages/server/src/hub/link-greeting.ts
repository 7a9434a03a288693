/**
 * A link from its hello to its welcome, and no longer: the token, the judging of it, and the messages that come meanwhile.
 * It must never hold a token that is being judged, nor more of what the client says than `earlyCharsMax`.
 */
import { type ClientFrame, type Decoded, HoldfastError, limits } from "@holdfast/protocol";
import type { Carrier } from "../carrier.ts";
import type { HubContext } from "./hub-context.ts";
import type { LinkAccess, LinkName } from "./link-access.ts";

/** A message that came before it was decided who that is. */
export type EarlyMessage = string | Decoded<ClientFrame>;

/** What a greeting needs of its link. */
export interface GreetingLink {
  readonly name: LinkName;
  readonly carrier: Carrier;
  readonly access: LinkAccess;
  /** Its connection is gone. */
  readonly isGone: boolean;
  /** It may come in, or has gone meanwhile. */
  admitted(): void;
  /** It may not, or nobody can say. */
  refuseLink(error: HoldfastError): void;
}

export class LinkGreeting {
  /** What came while it was judged, in order. */
  readonly messages: EarlyMessage[] = [];
  readonly #link: GreetingLink;
  readonly #hub: HubContext;
  #token: string | undefined;
  #chars = 0;

  constructor(link: GreetingLink, hub: HubContext, token: string | undefined) {
    this.#link = link;
    this.#hub = hub;
    this.#token = token;
  }

  /** Keeps a message. False: there are too many, though nothing more is read from the client. */
  keep(message: EarlyMessage, chars: number): boolean {
    this.#chars += chars;
    if (this.#chars > limits.earlyCharsMax.value) return false;
    this.messages.push(message);
    return true;
  }

  /** Has it judged who that is, once. */
  judge(): void {
    const link = this.#link;
    const token = this.#token;
    this.#token = undefined;
    link.access.judge(
      link.name,
      token,
      () => this.#judged(),
      (error) => link.refuseLink(error),
    );
  }

  #judged(): void {
    const link = this.#link;
    const { subject } = link.access;
    // Where nobody is asked, all are the same one. A connection that is gone takes nobody's place.
    if (!link.isGone && this.#hub.gate.isGuarded && subject !== null && link.carrier.belongsTo?.(subject) === false) {
      link.refuseLink(new HoldfastError("too_many_links", "too many connections of this subject", { afterMs: this.#hub.reconnectWindowMs() }));
    } else link.admitted();
  }
}

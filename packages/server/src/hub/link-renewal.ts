/**
 * A link that says again who it is: the new token is judged while the former counts, and then whatever it does not cover is ended.
 * One at a time. It must never end a subscription because nobody could be asked, but by a code after which the client asks again.
 */
import { type Code, HoldfastError, type RefusedFrame, retryOf } from "@holdfast/protocol";
import { forbiddenText } from "../auth/authorizer.ts";
import { settled } from "../auth/gate.ts";
import type { Carrier } from "../carrier.ts";
import type { HubContext } from "./hub-context.ts";
import type { LinkAccess } from "./link-access.ts";
import type { LinkSubscriptions } from "./link-subscriptions.ts";

/** What a renewal needs of its link. */
export interface RenewingLink {
  readonly carrier: Carrier;
  readonly access: LinkAccess;
  /** Whether the handshake is done and no close has begun. */
  readonly live: boolean;
  /** The new token counts: the link lasts for another time than before. */
  renewed(): void;
  /** It does not count, nor does anything else. */
  refuseLink(error: HoldfastError): void;
  /** Answers a message that cannot be done. */
  bad(code: Code, message: string): void;
}

export class LinkRenewal {
  readonly #link: RenewingLink;
  readonly #hub: HubContext;
  readonly #subscribed: LinkSubscriptions;
  #isUnderWay = false;

  constructor(link: RenewingLink, hub: HubContext, subscribed: LinkSubscriptions) {
    this.#link = link;
    this.#hub = hub;
    this.#subscribed = subscribed;
  }

  take(id: number, token: string): void {
    const link = this.#link;
    if (!link.carrier.twoWay) {
      link.bad("bad_request", "expected the token in the `hello` of the next request");
      return;
    }
    if (this.#isUnderWay) {
      this.#refuse({ type: "refused", id, code: "overloaded", message: "another token is being judged" });
      return;
    }
    this.#isUnderWay = true;
    const over = (then: () => void): void => {
      this.#isUnderWay = false;
      if (link.live) then();
    };
    link.access.renew(
      token,
      () =>
        over(() => {
          link.renewed();
          link.carrier.send({ type: "authed", id, ...link.access.expiry() });
          this.#review();
        }),
      () => over(() => link.refuseLink(new HoldfastError("unauthenticated", "the token is of another subject"))),
      (error) => over(() => this.#failed(id, error)),
    );
  }

  #failed(id: number, error: HoldfastError): void {
    const { code, detail, afterMs } = error;
    // Only what is for now leaves the former token as it was.
    if (retryOf(code) !== "backoff") this.#link.refuseLink(error);
    else this.#refuse({ type: "refused", id, code, message: detail, ...(afterMs === undefined ? {} : { afterMs }) });
  }

  #refuse(frame: RefusedFrame): void {
    this.#hub.counters.refuse(frame.code);
    this.#link.carrier.send(frame);
  }

  #review(): void {
    const { access } = this.#link;
    const subscribed = this.#subscribed;
    const { principal } = access;
    for (const reader of subscribed.readers) {
      const end = (code: Code, message: string): void => {
        // Judged for a token that has been followed by another, or for a subscription that is over: no verdict.
        if (principal === access.principal && subscribed.readers.includes(reader)) subscribed.takeAway(reader, code, message);
      };
      settled(
        () => access.mayRead(reader.stream.name),
        (isAllowed) => isAllowed || end("forbidden", forbiddenText),
        ({ code, detail }) => end(code, detail),
      );
    }
  }
}

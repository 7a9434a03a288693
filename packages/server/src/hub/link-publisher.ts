/**
 * A link's way in: puts parts together, checks payloads, appends, answers. It holds at most one unfinished payload,
 * bounded by `entryBytesMax`, and counts unanswered publishes so that input can be held.
 */
import {
  type Code,
  formatPosition,
  fromBase64,
  limits,
  type PublishedFrame,
  type PublishFrame,
  type PublishPartFrame,
  type RefusedFrame,
} from "@holdfast/protocol";
import type { Verdict } from "../auth/publish-verdict.ts";
import type { Carrier } from "../carrier.ts";
import type { AppendRequest } from "../engine.ts";
import type { HubContext } from "./hub-context.ts";
import type { LinkAccess } from "./link-access.ts";
import { payloadFault } from "./payload.ts";
import { join } from "./tail.ts";

interface Assembly {
  readonly id: number;
  readonly parts: Uint8Array[];
  readonly sinceMs: number;
  bytes: number;
}

/** What the way in needs of its link. */
export interface PublishingLink {
  readonly carrier: Carrier;
  readonly access: LinkAccess;
  /** A publish was answered: input that was held for it may go on. */
  holdInputWhenBusy(): void;
}

export class LinkPublisher {
  readonly #link: PublishingLink;
  readonly #hub: HubContext;
  #assembly: Assembly | null = null;
  /** The publish whose parts were refused: what still comes of it has been answered. */
  #spoiltId = -1;
  #inFlight = 0;
  /** Answers of this turn that have not been written yet. */
  #answers: (PublishedFrame | RefusedFrame)[] = [];
  /** By the stream: publishes that wait because one before them is being judged. Made by the first that is. */
  #held: Map<string, (() => void)[]> | null = null;
  #abandoned = false;

  constructor(link: PublishingLink, hub: HubContext) {
    this.#link = link;
    this.#hub = hub;
  }

  /** Publishes that have not been answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Those, and the answers that have not been given to the carrier. */
  get unanswered(): number {
    return this.#inFlight + this.#answers.length;
  }

  /** The link is ending: what is in the engine's hands goes on, its answers go nowhere. */
  abandon(): void {
    this.#abandoned = true;
    this.#assembly = null;
  }

  /** Forgets a payload whose parts have stopped coming. */
  checkAge(nowMs: number): void {
    const assembly = this.#assembly;
    if (assembly === null || nowMs - assembly.sinceMs <= limits.partsMsMax.value) return;
    this.#spoil(assembly.id, "bad_request", `expected all parts within ${limits.partsMsMax.value} ms`);
  }

  #spoil(id: number, code: Code, message: string): void {
    this.#assembly = null;
    this.#spoiltId = id;
    this.refuse(id, code, message);
  }

  part(frame: PublishPartFrame): void {
    if (frame.id === this.#spoiltId) return;
    let assembly = this.#assembly;
    if (frame.index === 0 && (assembly === null || assembly.id !== frame.id)) {
      if (assembly !== null) this.#spoil(assembly.id, "bad_request", "another payload began before this one was finished");
      assembly = { id: frame.id, parts: [], sinceMs: this.#hub.env.clock.monoMs(), bytes: 0 };
      this.#assembly = assembly;
    }
    if (assembly === null || assembly.id !== frame.id || assembly.parts.length !== frame.index) {
      this.#spoil(frame.id, "bad_request", `expected part ${assembly?.id === frame.id ? assembly.parts.length : 0}, got ${frame.index}`);
      return;
    }
    const bytes = fromBase64(frame.base64);
    if (bytes === null || bytes.length > limits.partBytesMax.value) {
      this.#spoil(frame.id, "bad_payload", `expected base64 of at most ${limits.partBytesMax.value} bytes`);
      return;
    }
    assembly.bytes += bytes.length;
    if (assembly.bytes > this.#hub.options.entryBytesMax) {
      this.#spoil(frame.id, "entry_too_large", `expected at most ${this.#hub.options.entryBytesMax} bytes`);
      return;
    }
    assembly.parts.push(bytes);
  }

  publish(frame: PublishFrame): void {
    const payload = this.#payloadOf(frame);
    if (payload === null) return;
    const { format } = frame;
    const fault = frame.hasEntry ? payloadFault(format, payload, this.#hub.options.entryBytesMax) : null;
    if (fault !== null) {
      this.refuse(frame.id, fault.code, fault.message);
      return;
    }
    this.#append(frame.id, {
      stream: frame.stream,
      entries: frame.hasEntry ? [{ format, payload, ...(frame.key === undefined ? {} : { key: frame.key }) }] : [],
      ...(frame.producer === undefined ? {} : { producer: frame.producer }),
      ...(frame.dedupeKey === undefined ? {} : { dedupeKey: frame.dedupeKey }),
      close: frame.close,
    });
  }

  #payloadOf(frame: PublishFrame): Uint8Array | null {
    const assembly = this.#assembly;
    if (frame.parts === 0) return frame.payload;
    this.#assembly = null;
    if (frame.id === this.#spoiltId) return null;
    if (assembly === null || assembly.id !== frame.id || assembly.parts.length !== frame.parts) {
      this.refuse(frame.id, "bad_request", `expected ${frame.parts} parts before this, got ${assembly?.id === frame.id ? assembly.parts.length : 0}`);
      return null;
    }
    return join(assembly.parts, assembly.bytes);
  }

  /** In the order of the stream's publishes, also when judging takes its time. */
  #append(id: number, request: AppendRequest): void {
    this.#inFlight++;
    const judge = (): void => this.#judge(id, request);
    const held = this.#held?.get(request.stream);
    if (held === undefined) judge();
    else held.push(judge);
  }

  #judge(id: number, request: AppendRequest): void {
    const verdict = this.#link.access.judgePublish(request);
    if (!(verdict instanceof Promise)) {
      this.#judged(id, request, verdict);
      return;
    }
    const behind: (() => void)[] = [];
    this.#held ??= new Map();
    const held = this.#held.set(request.stream, behind);
    void verdict.then((found) => {
      held.delete(request.stream);
      this.#judged(id, request, found);
      for (let next = behind.shift(); next !== undefined; next = behind.shift()) {
        next();
        const again = held.get(request.stream);
        if (again === undefined) continue;
        // That one is being judged, too: the rest waits for it.
        again.push(...behind);
        return;
      }
    });
  }

  #judged(id: number, request: AppendRequest, verdict: Verdict): void {
    // A link that has ended publishes nothing that was not allowed before.
    if (verdict !== null || this.#abandoned) {
      this.#inFlight--;
      if (verdict === null || this.#abandoned) return;
      this.#hub.counters.refuse(verdict.code);
      this.#answer({ type: "refused", id, ...verdict });
      return;
    }
    void this.#hub.append(request).then((result) => {
      this.#inFlight--;
      if (this.#abandoned) return;
      if (result.ok) {
        const cursor = result.cursors?.at(-1);
        const position = cursor === undefined ? null : formatPosition(cursor.epoch, cursor.seq);
        this.#answer({ type: "published", id, position, duplicate: result.duplicate });
      } else {
        const { code, message, afterMs } = result;
        this.#answer({ type: "refused", id, code, message, ...(afterMs === undefined ? {} : { afterMs }) });
      }
    });
  }

  /** Engines acknowledge in groups. The answers of a group leave in one write: a write for each cost a quarter of the server's time. */
  #answer(frame: PublishedFrame | RefusedFrame): void {
    this.#answers.push(frame);
    if (this.#answers.length > 1) return;
    // Runs after the answers of the same group, which are queued already.
    void Promise.resolve().then(() => {
      const answers = this.#answers;
      this.#answers = [];
      if (this.#abandoned) return;
      this.#link.carrier.sendAll(answers);
      this.#link.holdInputWhenBusy();
    });
  }

  /** Answers a publish that cannot be taken: one of those here, or one that the link could not even read. */
  refuse(id: number, code: Code, message: string): void {
    this.#hub.counters.refuse(code);
    if (!this.#abandoned) this.#link.carrier.send({ type: "refused", id, code, message });
  }
}

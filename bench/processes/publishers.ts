/**
 * A load generator: publishers that keep a fixed number of publishes unanswered, each on a link and a stream of its own.
 */
import { parsePosition } from "@holdfast/protocol";
import { answerCalls } from "../lib/child.ts";
import { maskedText } from "../lib/frames.ts";
import { helloMessage, numberMember, textMember } from "../lib/holdfast-messages.ts";
import { LightLink, openMany, type Target } from "../lib/light-link.ts";
import { nowUs, payloadText } from "../lib/payload.ts";
import type { Script } from "../lib/scripts.ts";

export interface PublishLoad extends Target {
  readonly links: number;
  readonly inFlightEach: number;
  readonly payloadBytes: number;
  readonly runMs: number;
}
export interface PublishRun {
  readonly acknowledged: number;
  readonly tookMs: number;
  /** From writing to acknowledgement, in microseconds, sorted. */
  readonly ages: Float64Array;
  readonly wireBytesPerPublish: number;
}

const script: Script = {
  carriedBy: "frames",
  path: "/v1/link",
  subprotocol: "holdfast.v1",
  greeting: [helloMessage],
  greet: (message) => (message.startsWith('{"type":"welcome"') ? "ready" : null),
  readyAtOnce: false,
  isEntry: () => false,
  answer: () => null,
  afterPayloadBytes: 0,
  beat: null,
};

const drainMs = 10_000;
/** A stream for every publisher that ever was: its positions say how many entries it holds. */
let named = 0;

class Publisher {
  readonly link: LightLink;
  readonly ages: number[] = [];
  acknowledged = 0;
  fault: string | null = null;
  readonly #stream = `bench/publisher-${named++}`;
  readonly #payload: string;
  readonly #sentUs = new Map<number, number>();
  #lastId = 0;
  #stopped = false;
  #bytes = 0;
  #whenIdle: (() => void) | null = null;

  constructor(target: Target, payloadBytes: number) {
    this.#payload = payloadText(payloadBytes, nowUs());
    this.link = new LightLink(target, script, {
      frame: (_, bytes, start, end) => this.#take(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1")),
    });
  }

  get wireBytes(): number {
    return this.#bytes;
  }

  publish(count: number): void {
    const frames: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const id = ++this.#lastId;
      this.#sentUs.set(id, nowUs());
      const frame = maskedText(`{"type":"publish","id":${id},"stream":"${this.#stream}","data":${this.#payload}}`);
      this.#bytes += frame.length;
      frames.push(frame);
    }
    this.link.socket.write(Buffer.concat(frames));
  }

  /** Sends nothing more; resolves when everything has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#sentUs.size === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#whenIdle = resolve;
      setTimeout(() => reject(new Error(`${this.#sentUs.size} publishes were not answered`)), drainMs).unref();
    });
  }

  /** Each answer makes room for one more publish; those of one read go out together. */
  #take(message: string): void {
    if (message.startsWith('{"type":"refused"')) this.fault ??= message;
    if (!message.startsWith('{"type":"published"')) return;
    const id = numberMember(message, "id");
    const sentUs = this.#sentUs.get(id);
    if (sentUs === undefined) this.fault ??= `an answer to nothing: ${message}`;
    this.#sentUs.delete(id);
    this.ages.push(nowUs() - (sentUs ?? 0));
    this.acknowledged++;
    // The only writer of its stream: the n-th acknowledgement must bear the n-th place.
    if (parsePosition(textMember(message, "position"))?.seq !== this.acknowledged) this.fault ??= `out of place: ${message}`;
    if (!this.#stopped) this.#refill();
    else if (this.#sentUs.size === 0) this.#whenIdle?.();
  }

  #owed = 0;
  #refill(): void {
    if (this.#owed++ > 0) return;
    setImmediate(() => {
      const count = this.#owed;
      this.#owed = 0;
      if (!this.#stopped) this.publish(count);
    });
  }
}

const calls = {
  publish: async ({ links, inFlightEach, payloadBytes, runMs, ...target }: PublishLoad): Promise<PublishRun> => {
    const publishers = await openMany(links, links, async () => {
      const publisher = new Publisher(target, payloadBytes);
      await publisher.link.ready;
      return publisher;
    });
    const beginUs = nowUs();
    for (const publisher of publishers) publisher.publish(inFlightEach);
    await new Promise((resolve) => setTimeout(resolve, runMs));
    const inTime = publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0);
    const tookMs = (nowUs() - beginUs) / 1_000;
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    const fault = publishers.find((publisher) => publisher.fault !== null)?.fault;
    if (fault !== undefined) throw new Error(`a publish failed: ${fault}`);
    const all = publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0);
    const bytes = publishers.reduce((sum, publisher) => sum + publisher.wireBytes, 0);
    const ages = Float64Array.from(publishers.flatMap((publisher) => publisher.ages)).sort();
    for (const publisher of publishers) publisher.link.destroy();
    return { acknowledged: inTime, tookMs, ages, wireBytesPerPublish: bytes / all };
  },
};

export type PublishersCalls = typeof calls;

answerCalls(calls);

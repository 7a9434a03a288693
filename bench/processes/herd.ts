/**
 * A load generator: clients that lose their link, wait for a random part of the window that the server advised last,
 * dial again and resume after their own last position. Each checks by the links between entries that it gets all of them once.
 */
import { answerCalls } from "../lib/child.ts";
import { helloMessage, numberMember, textMember } from "../lib/holdfast-messages.ts";
import { LightLink, openMany, type Target } from "../lib/light-link.ts";
import { nowUs } from "../lib/payload.ts";
import { type Script, scripts, stream } from "../lib/scripts.ts";

export interface HerdStatus {
  readonly live: number;
  readonly caughtUp: number;
  readonly cut: number;
  readonly dialsFailed: number;
  readonly windowMsMin: number;
  readonly windowMsMax: number;
  readonly gaps: number;
  /** Entries whose `prev` was not the position before. */
  readonly broken: number;
  /** How many clients stand at each position. */
  readonly positions: Readonly<Record<string, number>>;
  /** When the last client was live again, and when the last had all that was there when it came back. */
  readonly lastLiveUs: number;
  readonly lastCaughtUpUs: number;
}

const dialsAtOnce = 64;
const redialMs = 1_000;
const beatMs = 5_000;

let lastLiveUs = 0;
let lastCaughtUpUs = 0;
let dialsFailed = 0;
let cuts = 0;

class Client {
  readonly #target: Target;
  #link: LightLink | null = null;
  position = "";
  windowMs = 0;
  live = false;
  caughtUp = false;
  gaps = 0;
  broken = 0;
  #goal = "";

  constructor(target: Target) {
    this.#target = target;
  }

  /** Resolves when the link is live; a failed dial is tried again. */
  async dial(): Promise<void> {
    for (;;) {
      const link = new LightLink(this.#target, this.#script(), {
        message: (text) => this.#take(text),
        frame: (_, bytes, start, end) => this.#take(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1")),
        ended: () => this.#lost(link),
      });
      this.#link = link;
      try {
        await link.ready;
        return;
      } catch {
        dialsFailed++;
        await new Promise((resolve) => setTimeout(resolve, redialMs));
      }
    }
  }

  beat(): void {
    if (this.live) this.#link?.say('{"type":"beat"}');
  }

  close(): void {
    this.live = false;
    this.#link?.destroy();
  }

  #script(): Script {
    const from = this.position === "" ? '"now"' : `{"after":"${this.position}"}`;
    return { ...scripts.holdfast, greeting: [helloMessage, `{"type":"subscribe","id":1,"stream":"${stream}","from":${from}}`] };
  }

  #take(message: string): void {
    if (message.startsWith('{"type":"entry"')) {
      if (textMember(message, "prev") !== this.position) this.broken++;
      this.position = textMember(message, "position");
      if (!this.caughtUp) this.#checkCaughtUp();
    } else if (message.startsWith('{"type":"gap"')) {
      this.gaps++;
      this.position = textMember(message, "after");
    } else if (message.startsWith('{"type":"subscribed"')) {
      if (this.position === "") this.position = textMember(message, "position");
      this.#goal = textMember(message, "head");
      this.live = true;
      lastLiveUs = nowUs();
      this.#checkCaughtUp();
    } else {
      const windowMs = numberMember(message, "windowMs");
      if (!Number.isNaN(windowMs)) this.windowMs = windowMs;
    }
  }

  /** Tokens of one epoch sort as text. */
  #checkCaughtUp(): void {
    if (this.position < this.#goal) return;
    this.caughtUp = true;
    lastCaughtUpUs = nowUs();
  }

  #lost(link: LightLink): void {
    if (!this.live || link !== this.#link) return;
    this.live = false;
    this.caughtUp = false;
    cuts++;
    setTimeout(() => void this.dial(), Math.random() * this.windowMs);
  }
}

let clients: Client[] = [];
let beats: NodeJS.Timeout | null = null;

const calls = {
  connect: async ({ links, ...target }: Target & { readonly links: number }) => {
    clients = await openMany(links, dialsAtOnce, async () => {
      const client = new Client(target);
      await client.dial();
      return client;
    });
    let at = 0;
    beats = setInterval(() => {
      for (let i = 0; i < Math.ceil(clients.length / 100); i++) clients[at++ % clients.length]?.beat();
    }, beatMs / 100);
  },

  status: (): HerdStatus => {
    const positions: Record<string, number> = {};
    for (const { position } of clients) positions[position] = (positions[position] ?? 0) + 1;
    const sum = (of: (client: Client) => number): number => clients.reduce((total, client) => total + of(client), 0);
    return {
      live: sum((client) => Number(client.live)),
      caughtUp: sum((client) => Number(client.caughtUp)),
      cut: cuts,
      dialsFailed,
      windowMsMin: clients.reduce((least, { windowMs }) => Math.min(least, windowMs), Number.POSITIVE_INFINITY),
      windowMsMax: clients.reduce((most, { windowMs }) => Math.max(most, windowMs), 0),
      gaps: sum((client) => client.gaps),
      broken: sum((client) => client.broken),
      positions,
      lastLiveUs,
      lastCaughtUpUs,
    };
  },

  disconnect: () => {
    if (beats !== null) clearInterval(beats);
    for (const client of clients) client.close();
  },
};

export type HerdCalls = typeof calls;

answerCalls(calls, () => calls.disconnect());

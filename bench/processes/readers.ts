/**
 * A load generator: readers that count whole entries and, when asked, note how old each was on arrival.
 */
import { answerCalls } from "../lib/child.ts";
import { LightLink, openMany, type Target } from "../lib/light-link.ts";
import { nowUs, payloadTimeUs } from "../lib/payload.ts";
import { type Script, scriptFor, type Wire } from "../lib/scripts.ts";

export interface ConnectRequest extends Target {
  readonly wire: Wire;
  readonly links: number;
  readonly payloadBytes: number;
}

const linksAtOnce = 64;
const agesMax = 2_000_000;
const beatMs = 5_000;

class Reader {
  readonly link: LightLink;
  entries = 0;

  constructor(target: Target, script: Script, payloadBytes: number) {
    const fromEnd = script.afterPayloadBytes + payloadBytes;
    this.link = new LightLink(target, script, {
      frame: (_, bytes, start, end) => {
        if (!script.isEntry(bytes, start)) {
          const reply = script.answer(bytes, start, end);
          if (reply !== null) this.link.say(reply);
          return;
        }
        this.entries++;
        script.took?.(bytes, start, end);
        total++;
        if (ages !== null && aged < ages.length) ages[aged++] = nowUs() - payloadTimeUs(bytes, end - fromEnd);
        if (total >= wanted && whenReached !== null) whenReached();
      },
    });
  }
}

let readers: Reader[] = [];
let total = 0;
let wanted = Number.POSITIVE_INFINITY;
let whenReached: (() => void) | null = null;
let ages: Float64Array | null = null;
let aged = 0;
let beats: NodeJS.Timeout | null = null;

/** Spreads beats over time: a hundredth of the links at each tick. */
function startBeats(text: string): void {
  let at = 0;
  beats = setInterval(() => {
    const share = Math.ceil(readers.length / 100);
    for (let i = 0; i < share; i++) readers[at++ % readers.length]?.link.say(text);
  }, beatMs / 100);
}

const calls = {
  connect: async ({ wire, links, payloadBytes, ...target }: ConnectRequest) => {
    const { beat } = scriptFor(wire);
    readers = await openMany(links, linksAtOnce, async () => {
      const reader = new Reader(target, scriptFor(wire), payloadBytes);
      await reader.link.ready;
      return reader;
    });
    if (beat !== null) startBeats(beat);
  },

  /** Resolves when all readers together have so many entries each; fails when one has more or fewer than the others. */
  reach: async ({ entriesEach, withinMs }: { readonly entriesEach: number; readonly withinMs: number }) => {
    wanted = entriesEach * readers.length;
    if (total < wanted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        whenReached = () => {
          clearTimeout(timer);
          whenReached = null;
          resolve();
        };
      });
    }
    const counts = readers.map((reader) => reader.entries);
    const [least, most] = [counts.reduce((a, b) => Math.min(a, b)), counts.reduce((a, b) => Math.max(a, b))];
    if (least !== entriesEach || most !== entriesEach) throw new Error(`expected ${entriesEach} entries at every reader, got ${least} to ${most}`);
    return { wireBytesPerEntry: readers.reduce((sum, reader) => sum + reader.link.bytesRead, 0) / total };
  },

  noteAges: () => {
    ages = new Float64Array(agesMax);
    aged = 0;
  },
  /** The ages noted, in microseconds, sorted. */
  ages: () => (ages ?? new Float64Array(0)).slice(0, aged).sort(),

  disconnect: () => {
    if (beats !== null) clearInterval(beats);
    for (const reader of readers) reader.link.destroy();
    readers = [];
    total = 0;
  },
};

export type ReadersCalls = typeof calls;

answerCalls(calls, () => calls.disconnect());

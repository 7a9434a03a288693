/**
 * Many light readers in a process of their own. They count entries; some can be told never to read again.
 */
import { answerCalls } from "../../bench/lib/child.ts";
import { LightLink, openMany } from "../../bench/lib/light-link.ts";
import { scripts } from "../../bench/lib/scripts.ts";

const links: LightLink[] = [];
/** Entries that each link got, in the order of `links`. */
let taken: { entries: number }[] = [];
let ended = 0;

const calls = {
  /** Opens links that follow `stream` from now on; they beat often enough to be kept. */
  open: async ({ port, count, stream }: { readonly port: number; readonly count: number; readonly stream: string }) => {
    const script = { ...scripts.holdfast, greeting: ['{"type":"hello","protocol":1}', JSON.stringify({ type: "subscribe", id: 1, stream, from: "now" })] };
    const opened = await openMany(count, 100, async () => {
      const own = { entries: 0 };
      const link = new LightLink({ host: "127.0.0.1", port }, script, {
        frame: (_, bytes, start) => {
          if (script.isEntry(bytes, start)) own.entries++;
        },
        ended: () => {
          ended++;
        },
      });
      await link.ready;
      return { link, own };
    });
    for (const { link, own } of opened) {
      links.push(link);
      taken.push(own);
    }
    return links.length;
  },
  /** From now on nothing is read, while beats still say that the client lives. */
  stall: () => {
    for (const link of links) link.socket.pause();
  },
  /** Only the first `count` read again; the others leave. */
  resume: (count: number) => {
    for (const link of links.splice(count)) link.destroy();
    taken = taken.slice(0, count);
    for (const link of links) link.socket.resume();
  },
  beat: () => {
    for (const link of links) link.say('{"type":"beat"}');
  },
  /** In all, and for the link that got least. */
  counts: () => ({ entries: taken.reduce((sum, own) => sum + own.entries, 0), least: Math.min(...taken.map((own) => own.entries)), ended }),
};

export type ReaderCalls = typeof calls;
answerCalls(calls, () => {
  for (const link of links) link.destroy();
});

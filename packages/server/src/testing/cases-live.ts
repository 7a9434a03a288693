/**
 * Live events: a hint that is never invented and always covered in time; and the reader's rule that makes exact delivery of it.
 */
import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Entry, LiveEvent } from "../engine.ts";
import { type EngineSubject, engineCase, eventually, json, type Run, textOf } from "./subject.ts";

export function liveCases(subject: EngineSubject): void {
  describe("live events", () => {
    coverCases(subject);
    readerCases(subject);
  });
}

function coverCases(subject: EngineSubject): void {
  engineCase(subject, "every commit after `listen` is covered by an event, a hint or a suspicion", async (run) => {
    await run.engine.listen("a");
    for (let i = 0; i < 30; i++) {
      run.events = [];
      const { head } = await run.add("a", [`${i}`, `${i}+`]);
      await eventually(`entry ${head} is covered`, () => run.events.some((event) => covers(event, "a", head)));
    }
  });

  engineCase(subject, "an end is covered too, also one without an entry", async (run) => {
    for (let i = 0; i < 50; i++) {
      const stream = `s/${i}`;
      await run.engine.listen(stream);
      run.events = [];
      if (i % 2 === 0) await run.add(stream, ["1"], { close: true });
      else await run.add(stream, [], { close: true });
      await eventually(`the end of ${stream} is covered`, () =>
        run.events.some((event) => (event.type === "closed" && event.stream === stream) || (event.type === "suspect" && (event.stream ?? stream) === stream)),
      );
    }
  });

  engineCase(subject, "events carry what the log holds, and nothing else", async (run) => {
    await run.engine.listen("a");
    await run.add("b", ["unheard"]);
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        await run.try({ stream: "a", entries: [json(`${i}`), { format: "bytes", payload: Uint8Array.of(i), key: `k${i}` }] });
        await run.try({ stream: "a", entries: [json("refused")], producer: { id: "p", epoch: 0, seq: 9 } });
        await run.try({ stream: "a", entries: [json("once")], dedupeKey: "once" });
      }),
    );
    await quiet(run);
    const log = new Map((await run.log("a")).map((entry) => [entry.seq, entry]));
    let told = 0;
    for (const event of run.events) {
      if (event.type !== "appended") continue;
      assert.equal(event.stream, "a");
      assert.ok(event.entries.length > 0);
      for (const entry of event.entries) {
        told++;
        assert.deepEqual(plain(entry), plain(log.get(entry.seq)));
      }
    }
    assert.ok(told > 0);
  });
}

function readerCases(subject: EngineSubject): void {
  engineCase(subject, "where the engine is never late, events come in order, once, before the append resolves", async (run) => {
    if (run.engine.caps.staleMsMax > 0) return;
    await run.engine.listen("a");
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const { head } = await run.add("a", [`${i}`, `${i}+`]);
        assert.ok(
          told(run).some(({ seq }) => seq === head),
          "told before it is answered",
        );
        await run.try({ stream: "a", entries: [json("once")], dedupeKey: `${i % 10}` });
      }),
    );
    assert.deepEqual(told(run).map(plain), (await run.log("a")).map(plain));
  });

  engineCase(subject, "an interest that is closed is no longer served, another one in the same stream is", async (run) => {
    const first = await run.engine.listen("a");
    const second = await run.engine.listen("a");
    first.close();
    first.close();
    const { head } = await run.add("a", ["1"]);
    await eventually("the second is served", () => run.events.some((event) => covers(event, "a", head)));
    second.close();
    await quiet(run);
    run.events = [];
    await run.add("a", ["2"]);
    await quiet(run);
    assert.deepEqual(run.events, []);
  });

  engineCase(subject, "a reader who checks `prev` and reads again on doubt sees exactly the log", async (run) => {
    const reader = new Reader(run, "a");
    await run.add("a", ["before"]);
    await reader.start();
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; i < 40; i++)
          await run.add(
            "a",
            Array.from({ length: 1 + (i % 3) }, (_, k) => `${writer}.${i}.${k}`),
          );
      }),
    );
    await run.add("a", ["last"], { close: true });
    await eventually("the reader is at the end", () => reader.texts.at(-1) === "last");
    await reader.close();
    assert.deepEqual(reader.texts, await run.texts("a"));
  });
}

/** The rule by which live events, however bad, become the log: the heart of every reader. */
class Reader {
  readonly texts: string[] = [];
  readonly #run: Run;
  readonly #stream: string;
  #cursor = 0;
  #reading: Promise<void> | null = null;
  #doubt = false;
  #closed = false;

  constructor(run: Run, stream: string) {
    this.#run = run;
    this.#stream = stream;
  }

  async start(): Promise<void> {
    const { events } = this.#run;
    let seen = events.length;
    await this.#run.engine.listen(this.#stream);
    // Events are taken from the list that the sink fills, as they come.
    const push = events.push.bind(events);
    events.push = (...added: LiveEvent[]): number => {
      const length = push(...added);
      for (; seen < length; seen++) this.#take(events[seen] as LiveEvent);
      return length;
    };
    this.#reread();
  }

  /** Ends the reading; resolves when no read is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reading;
  }

  #take(event: LiveEvent): void {
    if (this.#closed) return;
    if (event.type === "appended" && this.#reading === null) for (const entry of event.entries) this.#offer(entry);
    else if (event.type === "appended") this.#doubt = true;
    else if (event.type === "suspect" || event.last > this.#cursor) this.#reread();
  }

  #offer(entry: Entry): void {
    if (entry.prev === this.#cursor) this.#deliver(entry);
    else if (entry.seq > this.#cursor) this.#reread();
  }

  #deliver(entry: Entry): void {
    this.#cursor = entry.seq;
    this.texts.push(textOf(entry));
  }

  #reread(): void {
    this.#doubt = true;
    this.#reading ??= this.#readAll();
  }

  async #readAll(): Promise<void> {
    while (this.#doubt && !this.#closed) {
      this.#doubt = false;
      const { entries, more } = await this.#run.engine.read(this.#stream, { from: { afterSeq: this.#cursor }, entriesMax: 16, bytesMax: 10_000 });
      for (const entry of entries) this.#deliver(entry);
      this.#doubt ||= more;
    }
    this.#reading = null;
  }
}

function covers(event: LiveEvent, stream: string, seq: number): boolean {
  if (event.type === "suspect") return event.stream === null || event.stream === stream;
  if (event.stream !== stream) return false;
  return event.type === "appended" ? event.entries.some((entry) => entry.seq >= seq) : event.last >= seq;
}

/** All entries told so far, in the order told. */
const told = (run: Run): Entry[] => run.events.flatMap((event) => (event.type === "appended" ? event.entries : []));

/** Waits for longer than an event may be late. */
async function quiet(run: Run): Promise<void> {
  const { staleMsMax } = run.engine.caps;
  if (run.site.advance === undefined) await new Promise((resolve) => setTimeout(resolve, 2 * staleMsMax + 50));
  else await run.site.advance(3 * staleMsMax + 100);
}

/** An entry with its bytes as text, so that views of different buffers compare by content. */
function plain(entry: Entry | undefined): unknown {
  return entry === undefined ? undefined : { ...entry, payload: Buffer.from(entry.payload).toString("hex") };
}

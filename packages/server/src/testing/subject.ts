/**
 * What a test suite needs of an engine: where it is opened, how its storage is copied, how time passes; and the helpers
 * that every case uses. Cases ask for declared capabilities, never for a name.
 */
import assert from "node:assert/strict";
import { after, it } from "node:test";
import type { AppendEntry, AppendRequest, AppendResult, Engine, Entry, Head, LiveEvent, ReadResult } from "../engine.ts";
import type { EngineOptions } from "../engines/options.ts";
import type { StreamPolicy } from "../engines/retention.ts";

/** How a case wants its engine; what an engine cannot do it may ignore when its capabilities say so. */
export interface SuiteSetup {
  readonly policies?: readonly StreamPolicy[];
  readonly options?: Partial<EngineOptions>;
}

/** One storage, and the engines that are opened on it one after the other. */
export interface EngineSite {
  /** A new engine on this storage, not started. The one before it has been stopped or ended. */
  open(): Engine;
  /** Ends the engine that runs as a kill would. Only with the capability `crash`. */
  crash?(): Promise<void>;
  /** Keeps a copy of the storage, while no engine runs. Only with the capability `copy`. */
  save?(): Promise<void>;
  /** Puts the copy in place of the storage, while no engine runs. Only with the capability `copy`. */
  restore?(): Promise<void>;
  /** Lets time pass for the engine. Only with the capability `clock`. */
  advance?(ms: number): Promise<void>;
  /** Moves the engine's wall clock alone. Only with the capability `clock`. */
  jumpWall?(ms: number): void;
  /** Timers of the engine that have not run. Only with the capability `clock`. */
  pendingTimers?(): number;
  /** Removes the storage. */
  close(): Promise<void>;
}

/** An engine as the suite sees it. */
export interface EngineSubject {
  /** Whether entries survive `stop` and a new engine on the same storage. */
  readonly restart: boolean;
  /** Whether they survive a kill. */
  readonly crash: boolean;
  /** Whether the storage can be copied and put back. */
  readonly copy: boolean;
  /** Whether the case can let time pass. */
  readonly clock: boolean;
  /** Makes an empty storage. */
  site(setup: SuiteSetup): Promise<EngineSite>;
}

/** One case's engine with what it emitted so far. */
export class Run {
  readonly site: EngineSite;
  engine: Engine;
  events: LiveEvent[] = [];

  private constructor(site: EngineSite) {
    this.site = site;
    this.engine = site.open();
  }

  static async start(subject: EngineSubject, setup: SuiteSetup = {}): Promise<Run> {
    const run = new Run(await subject.site(setup));
    await run.#begin();
    return run;
  }

  async #begin(): Promise<void> {
    this.engine.attach((event) => this.events.push(event));
    await this.engine.start();
  }

  /** Stops the engine and starts another one on the same storage. */
  async restart(): Promise<void> {
    await this.engine.stop();
    await this.open();
  }

  /** Starts another engine after the one before has ended. */
  async open(): Promise<void> {
    this.engine = this.site.open();
    await this.#begin();
  }

  async end(): Promise<void> {
    await this.engine.stop();
    await this.site.close();
  }

  /** Appends texts as one request; the case fails when it is refused. */
  async add(stream: string, texts: readonly string[], more: Partial<AppendRequest> = {}): Promise<Accepted> {
    const result = await this.try({ stream, entries: texts.map(json), ...more });
    assert.ok(result.ok, `the append is accepted, got ${JSON.stringify(result)}`);
    return result;
  }

  /** Appends one request, whatever comes of it. */
  async try(request: AppendRequest): Promise<AppendResult> {
    const results = await this.engine.append([request]);
    assert.equal(results.length, 1);
    return results[0] as AppendResult;
  }

  /** The whole log, page by page. */
  async log(stream: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    let page: ReadResult;
    do {
      page = await this.engine.read(stream, { from: { afterSeq: entries.at(-1)?.seq ?? 0 }, entriesMax: 500, bytesMax: 1_000_000 });
      entries.push(...page.entries);
    } while (page.more);
    return entries;
  }

  async texts(stream: string): Promise<string[]> {
    return (await this.log(stream)).map(textOf);
  }

  /** The head of a log that is there. */
  async head(stream: string): Promise<Head> {
    const head = await this.engine.head(stream);
    assert.ok(head !== null, `there is a log ${stream}`);
    return head;
  }
}

export type Accepted = Extract<AppendResult, { ok: true }>;

/** An entry of JSON text. */
export const json = (text: string): AppendEntry => ({ format: "json", payload: Buffer.from(text) });

/** A payload as text. */
export const textOf = (entry: Pick<Entry, "payload">): string => Buffer.from(entry.payload).toString();

/** The seqs that an append got. */
export function seqsOf(result: AppendResult): number[] {
  assert.ok(result.ok && result.cursors !== null, `the positions are known, got ${JSON.stringify(result)}`);
  return result.cursors.map(({ seq }) => seq);
}

/** The code of a refusal; "" when there was none. */
export const codeOf = (result: AppendResult | undefined): string => (result === undefined || result.ok ? "" : result.code);

/** Declares a case that gets a running engine and leaves nothing behind. */
export function engineCase(subject: EngineSubject, title: string, body: (run: Run) => Promise<void>, setup: SuiteSetup = {}): void {
  it(title, async () => {
    const run = await Run.start(subject, setup);
    try {
      await body(run);
    } finally {
      await run.end();
    }
  });
}

/** Waits until a condition holds; fails loudly when it does not within 10 s. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < untilMs, `${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets time pass until a condition holds, in steps of 1 s of the engine's time. */
export async function eventuallyLater(run: Run, what: string, holds: () => Promise<boolean>): Promise<void> {
  await eventually(what, async () => {
    if (await holds()) return true;
    await run.site.advance?.(1_000);
    return false;
  });
}

/** Runs cleanup after all cases of a file. */
export const afterAll = (clean: () => Promise<void>): void => after(clean);

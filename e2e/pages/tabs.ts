/**
 * The program of a tab under test: reads streams from their beginning, publishes numbered entries, and keeps everything that it was told.
 * It must never judge: the test compares what is kept here with the server's log.
 */
import { type Client, type ClientOptions, connect, type Status } from "@holdfast/client";
import { connectShared } from "@holdfast/client/tabs";

export interface TabSetup {
  readonly url: string;
  readonly name: string;
  readonly isShared: boolean;
  readonly options: ClientOptions;
  readonly streams: readonly string[];
}

/** What the test may ask of a page. */
export interface TabProgram {
  open(setup: TabSetup): void;
  /** Publishes one entry to each stream every `everyMs`, until `stop`. */
  publish(everyMs: number): void;
  /** Stops publishing, waits for the answers, and returns what was published, and what failed. */
  stop(): Promise<{ readonly published: readonly string[]; readonly failed: readonly string[] }>;
  status(): Status;
  /** States and codes that the status had, in order. */
  told(): readonly string[];
  /** The same, each with its time by the page's clock. */
  history(): readonly (readonly [atMs: number, told: string])[];
  /** What was read of each stream: `position data`. */
  got(): Readonly<Record<string, readonly string[]>>;
  counts(): readonly number[];
  streamStates(): readonly string[];
  isLeading(): Promise<boolean>;
  close(): Promise<void>;
}

interface Locks {
  request<T>(name: string, hold: () => Promise<T>): Promise<T>;
  query(): Promise<{ held: { name: string; clientId: string }[] }>;
}
const { locks } = (globalThis as unknown as { navigator: { locks: Locks } }).navigator;

let client: Client | null = null;
let setup: TabSetup | null = null;
let timer: ReturnType<typeof setInterval> | undefined;
let count = 0;
const got: Record<string, string[]> = {};
const streams: ReturnType<Client["stream"]>[] = [];
const history: [number, string][] = [];
const published: string[] = [];
const failed: string[] = [];

async function read(name: string): Promise<void> {
  const stream = (client as Client).stream(name, { from: "first", onGap: (gap) => void got[name]?.push(`gap ${gap.reason}`) });
  streams.push(stream);
  got[name] = [];
  try {
    for await (const { position, data } of stream) got[name].push(`${position} ${String(data)}`);
  } catch (error) {
    got[name].push(`failed ${String(error)}`);
  }
}

const program: TabProgram = {
  open(given) {
    setup = given;
    client = (given.isShared ? connectShared : connect)(given.url, given.options);
    const { status } = client;
    const tell = (): void => {
      const { state, code, reason } = status.getSnapshot();
      const now = code === null ? state : `${state} ${code} (${reason})`;
      if (history.at(-1)?.[1] !== now) history.push([performance.now(), now]);
    };
    status.subscribe(tell);
    for (const name of given.streams) void read(name);
    tell();
  },
  publish(everyMs) {
    timer = setInterval(() => {
      for (const name of setup?.streams ?? []) {
        const value = `${setup?.name} ${count++}`;
        client?.publish(name, value).then(
          () => published.push(`${name} ${value}`),
          (error: unknown) => failed.push(`${name} ${value}: ${String(error)}`),
        );
      }
    }, everyMs);
  },
  async stop() {
    clearInterval(timer);
    await client?.flush();
    return { published, failed };
  },
  status: () => (client as Client).status.getSnapshot(),
  told: () => history.map(([, told]) => told),
  history: () => history,
  got: () => got,
  counts: () => Object.values(got).map(({ length }) => length),
  streamStates: () => streams.map(({ status }) => status.getSnapshot().state),
  async isLeading() {
    // Locks are listed with whoever holds them, but nobody is told who it is itself: a lock of its own shows it.
    const own = `who ${Math.random()}`;
    const { held } = await locks.request(own, () => locks.query());
    const me = held.find(({ name }) => name === own)?.clientId;
    return held.some(({ name, clientId }) => clientId === me && /^holdfast:.*\/v1\/$/.test(name));
  },
  async close() {
    await client?.close();
  },
};

(globalThis as unknown as { tab: TabProgram }).tab = program;

/**
 * Fan-out raced: all contenders stand ready at once, each in its own process with its own readers, and take turns of a fraction of
 * a second. So whatever disturbs the machine disturbs all of them, and what one used is known from its own process's CPU time.
 * After each turn every reader must have every entry, or the race fails.
 */
import type { ContenderName } from "../contenders/list.ts";
import { connectReaders, openPair, type Pair } from "../lib/pair.ts";

export interface Racer {
  readonly label: string;
  readonly name: ContenderName;
  readonly tree?: string;
}

export interface RaceSettings {
  readonly racers: readonly Racer[];
  readonly links: number;
  readonly payloadBytes: number;
  readonly entriesPerRound: number;
  /** Each racer first works this long unmeasured, so that its code is compiled. */
  readonly warmCpuMs: number;
  /** A turn's share of CPU time, from which its number of rounds is derived. */
  readonly turnCpuMs: number;
  readonly turns: number;
  readonly nodeFlags?: readonly string[];
}

export interface Turn {
  readonly deliveries: number;
  readonly cpuMs: number;
  readonly systemMs: number;
  readonly collectorMs: number;
}
export interface Lane {
  readonly label: string;
  readonly wireBytesPerEntry: number;
  readonly turns: readonly Turn[];
}

const reachMsMax = 60_000;
const roundsMax = 2_000;

class Runner {
  readonly racer: Racer;
  readonly #pair: Pair;
  readonly #settings: RaceSettings;
  readonly turns: Turn[] = [];
  wireBytesPerEntry = 0;
  #rounds = 2;
  #entriesEach = 0;

  constructor(racer: Racer, pair: Pair, settings: RaceSettings) {
    this.racer = racer;
    this.#pair = pair;
    this.#settings = settings;
  }

  /** One turn: publish, and wait until all of it has arrived. */
  async run(): Promise<Turn> {
    const { server, readers } = this.#pair;
    const { entriesPerRound, payloadBytes, links } = this.#settings;
    const rounds = this.#rounds;
    const before = await server.call("usage");
    await server.call("rounds", { rounds, entriesPerRound, payloadBytes });
    const entries = rounds * entriesPerRound;
    this.#entriesEach += entries;
    const reached = await readers.call("reach", { entriesEach: this.#entriesEach, withinMs: reachMsMax });
    const after = await server.call("usage");
    this.wireBytesPerEntry = reached.wireBytesPerEntry;
    return {
      deliveries: entries * links,
      cpuMs: after.cpuMs - before.cpuMs,
      systemMs: after.systemMs - before.systemMs,
      collectorMs: after.collectorMs - before.collectorMs,
    };
  }

  /** Works until its code is compiled, and finds how many rounds fill a turn. */
  async warm(): Promise<void> {
    for (let cpuMs = 0; cpuMs < this.#settings.warmCpuMs; ) {
      const turn = await this.run();
      cpuMs += turn.cpuMs;
      const wanted = (this.#rounds * this.#settings.turnCpuMs) / Math.max(1, turn.cpuMs);
      this.#rounds = Math.max(1, Math.min(roundsMax, Math.round(wanted)));
    }
  }
}

/** Runs one race with fresh processes. `progress` is told of every step. */
export async function race(settings: RaceSettings, progress: (step: string) => void): Promise<Lane[]> {
  const pairs: Pair[] = [];
  const runners: Runner[] = [];
  try {
    progress(`${settings.racers.length} servers with ${settings.links} links each`);
    const { links, payloadBytes, nodeFlags } = settings;
    for (const { name, tree } of settings.racers) {
      pairs.push(await openPair(name, { links, payloadBytes, ...(nodeFlags === undefined ? {} : { nodeFlags }), ...(tree === undefined ? {} : { tree }) }));
    }
    for (const [i, pair] of pairs.entries()) {
      await connectReaders(pair, links, payloadBytes);
      runners.push(new Runner(settings.racers[i] as Racer, pair, settings));
    }
    for (const runner of runners) {
      progress(`${runner.racer.label}: warming up`);
      await runner.warm();
    }
    for (let turn = 0; turn < settings.turns; turn++) {
      progress(`turn ${turn + 1} of ${settings.turns}`);
      for (const runner of runners) runner.turns.push(await runner.run());
    }
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
  }
  return runners.map(({ racer, turns, wireBytesPerEntry }) => ({ label: racer.label, wireBytesPerEntry, turns }));
}

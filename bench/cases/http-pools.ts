/**
 * Pools of HTTP connections side by side: what fails and what is reused where servers end connections, and what a request costs where they do
 * not. Costs are ratios within one run: the contenders take turns.
 */
import { type HttpContender, httpContenders, type Sender } from "../lib/http-pools/contenders.ts";
import { type HostileResult, hostileRaces, runHostileRace, startHostileOrigins } from "../lib/http-pools/race.ts";
import { startOrigins } from "../lib/keep-alive/race.ts";
import type { BenchCase, CaseResult, CaseSettings, Table } from "../lib/result.ts";
import { figure, percentile, ratios, summarize, withSpread } from "../lib/stats.ts";

const seed = 20_261_122;

interface Scale {
  readonly clients: number;
  readonly rounds: number;
  readonly turns: number;
  readonly requests: number;
  readonly concurrency: number;
  /** Contenders race at the same time: quick, and each disturbs the others. */
  readonly together: boolean;
}
const full: Scale = { clients: 100, rounds: 10, turns: 7, requests: 20_000, concurrency: 50, together: false };
const small: Scale = { clients: 10, rounds: 2, turns: 1, requests: 200, concurrency: 10, together: true };

/** One turn of one contender. */
interface Turn {
  /** Requests per second of this process's own time. */
  readonly perCore: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function turn(sender: Sender, url: string, { requests, concurrency }: Scale): Promise<Turn> {
  const times: number[] = [];
  let left = requests;
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const sinceMs = performance.now();
      await sender.send(url, "GET", "");
      times.push(performance.now() - sinceMs);
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: concurrency }, client));
  const { user, system } = process.cpuUsage(before);
  if (times.length !== requests) throw new Error(`${times.length} of ${requests} requests were answered`);
  times.sort((a, b) => a - b);
  return { perCore: (requests * 1e6) / (user + system), p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

async function costs(scale: Scale, progress: CaseSettings["progress"]): Promise<Map<HttpContender, Turn[]>> {
  const origins = startOrigins();
  const found = new Map<HttpContender, Turn[]>(httpContenders.map((contender) => [contender, []]));
  try {
    const { port } = await origins.call("open", { plainKeepAliveMs: 60_000 });
    const senders = new Map(httpContenders.map((contender) => [contender, contender.open(scale.concurrency)]));
    for (let i = 0; i <= scale.turns; i++) {
      progress(`requests, turn ${i} of ${scale.turns}`);
      for (const [contender, sender] of senders) {
        const taken = await turn(sender, `http://127.0.0.1:${port}/`, scale);
        // The first is for the compiler.
        if (i > 0) found.get(contender)?.push(taken);
      }
    }
    await Promise.all(Array.from(senders.values(), (sender) => sender.close()));
  } finally {
    await origins.stop();
  }
  return found;
}

function costTable(found: ReadonlyMap<HttpContender, readonly Turn[]>, base: readonly Turn[]): Table {
  return {
    columns: ["requests to a server that keeps connections", "per second and core", "against undici", "p50, ms", "p99, ms"],
    rows: Array.from(found, ([{ name }, turns]) => [
      name,
      figure(summarize(turns.map(({ perCore }) => perCore)).median),
      withSpread(against(turns, base)),
      figure(summarize(turns.map(({ p50Ms }) => p50Ms)).median),
      figure(summarize(turns.map(({ p99Ms }) => p99Ms)).median),
    ]),
  };
}

const against = (turns: readonly Turn[], base: readonly Turn[]): ReturnType<typeof ratios> =>
  ratios(
    turns.map(({ perCore }) => perCore),
    base.map(({ perCore }) => perCore),
  );

interface Raced {
  readonly race: string;
  readonly contender: HttpContender;
  readonly result: HostileResult;
}

async function races(scale: Scale, progress: CaseSettings["progress"]): Promise<Raced[]> {
  const origins = startHostileOrigins();
  const raced: Raced[] = [];
  try {
    for (const race of hostileRaces(scale.clients, scale.rounds)) {
      const run = async (contender: HttpContender): Promise<Raced> => {
        progress(`${race.name}: ${contender.name}`);
        return { race: race.name, contender, result: await runHostileRace(origins, contender, race, seed) };
      };
      if (scale.together) raced.push(...(await Promise.all(httpContenders.map(run))));
      else for (const contender of httpContenders) raced.push(await run(contender));
    }
  } finally {
    await origins.stop();
  }
  return raced;
}

function raceTable(raced: readonly Raced[]): Table {
  return {
    columns: ["a server that ends connections", "client", "GET failed", "POST failed", "POST carried out twice", "reuse ratio"],
    rows: raced.map(({ race, contender, result: { sent, failed, twice, reuseRatio } }) => [
      race,
      contender.name,
      `${failed.GET} of ${sent.GET}`,
      `${failed.POST} of ${sent.POST}`,
      String(twice),
      reuseRatio.toFixed(2),
    ]),
  };
}

export const httpPools: BenchCase = {
  name: "http-pools",
  title: "HTTP pools: requests that fail, connections that are reused, and what a request costs",
  page: "pool.md",
  run: async ({ smoke, progress }: CaseSettings): Promise<CaseResult> => {
    const scale = smoke ? small : full;
    const raced = await races(scale, progress);
    const found = await costs(scale, progress);
    const of = (name: string): readonly Turn[] => [...found].find(([contender]) => contender.name === name)?.[1] ?? [];
    const cost = against(of("httpPool"), of("undici"));
    const pool = raced.filter(({ contender }) => contender.name === "httpPool");
    const lost = pool.reduce((sum, { result }) => sum + result.failed.GET, 0);
    const twice = pool.reduce((sum, { result }) => sum + result.twice, 0);
    return {
      name: "http-pools",
      tables: [raceTable(raced), costTable(found, of("undici"))],
      charts: [],
      aims: [
        { what: "GETs that failed in httpPool where servers end connections", aim: "0", measured: String(lost), met: lost === 0 },
        { what: "POSTs that httpPool repeated", aim: "0", measured: String(twice), met: twice === 0 },
        { what: "requests per second and core of httpPool against undici", aim: "1 or more", measured: withSpread(cost), met: cost.high >= 1 },
      ],
      notes: [
        `${scale.concurrency} requests at a time, GET, 5 bytes; the server is a process of its own. \`global fetch\` opens as many connections as it likes.`,
      ],
      figures: { "httpPool against undici": cost.median, "GET failed": lost, "POST twice": twice },
    };
  },
};

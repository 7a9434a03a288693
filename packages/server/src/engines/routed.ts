/**
 * An engine made of engines: each stream lives in the one that the first matching policy names. Pure routing: it keeps nothing itself.
 * It must never split one request, and never answer for a stream that a part happens to hold but that is routed elsewhere.
 */
import assert from "node:assert/strict";
import type {
  AppendRequest,
  AppendResult,
  Engine,
  EngineCapabilities,
  EngineHealth,
  Head,
  Interest,
  ListOptions,
  LiveEvent,
  ReadOptions,
  ReadResult,
  StreamInfo,
} from "../engine.ts";
import { compareUtf8 } from "./memory-logs.ts";
import { policyFor, resolvePolicies, type StreamPolicy } from "./retention.ts";

/** What a routed engine is made of. */
export interface RoutedEngineSetup {
  /** The parts, by the names that policies use. */
  readonly engines: Readonly<Record<string, Engine>>;
  /** First match wins. A policy without `engine`, and a stream without a policy, mean `fallback`. */
  readonly policies: readonly StreamPolicy[];
  /** The name of the part for all other streams. */
  readonly fallback: string;
}

/** An engine per stream pattern. Throws a TypeError when a policy names an engine that is not there. */
export function routedEngine(setup: RoutedEngineSetup): Engine {
  return new RoutedEngine(setup);
}

const grades: readonly EngineCapabilities["durability"][] = ["none", "process", "fsync"];
const states: readonly EngineHealth["state"][] = ["down", "read_only", "ok"];

class RoutedEngine implements Engine {
  readonly name = "routed";
  readonly caps: EngineCapabilities;
  readonly #parts: readonly Engine[];
  readonly #engineFor: (stream: string) => Engine;

  constructor({ engines, policies, fallback }: RoutedEngineSetup) {
    const resolved = resolvePolicies(policies);
    const named = (name: string, where: string): Engine => {
      const engine = Object.hasOwn(engines, name) ? engines[name] : undefined;
      if (engine === undefined) throw new TypeError(`Expected ${where} to be one of ${Object.keys(engines).join(", ")}, got "${name}"`);
      return engine;
    };
    const last = named(fallback, "`fallback`");
    const chosen = new Map(resolved.map((policy, i) => [policy, policy.engine === undefined ? last : named(policy.engine, `\`policies[${i}].engine\``)]));
    this.#parts = [...new Set(Object.values(engines))];
    this.#engineFor = (stream) => {
      const policy = policyFor(resolved, stream);
      return (policy === undefined ? undefined : chosen.get(policy)) ?? last;
    };
    // What all parts promise is what the least of them promises.
    this.caps = Object.freeze({
      contiguousSeq: this.#parts.every(({ caps }) => caps.contiguousSeq),
      durability: leastOf(
        grades,
        this.#parts.map(({ caps }) => caps.durability),
      ),
      staleMsMax: Math.max(...this.#parts.map(({ caps }) => caps.staleMsMax)),
    });
  }

  /** Starts all parts; when one cannot start, those that have are stopped again. */
  async start(): Promise<void> {
    const running: Engine[] = [];
    try {
      for (const part of this.#parts) {
        await part.start();
        running.push(part);
      }
    } catch (error) {
      await Promise.all(running.map((part) => part.stop()));
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.stop()));
  }

  async append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    const groups = new Map<Engine, number[]>();
    for (const [i, { stream }] of batch.entries()) {
      const engine = this.#engineFor(stream);
      const group = groups.get(engine);
      if (group === undefined) groups.set(engine, [i]);
      else group.push(i);
    }
    const [only] = groups.keys();
    if (groups.size === 1 && only !== undefined) return only.append(batch);
    const results = new Array<AppendResult>(batch.length);
    await Promise.all(
      [...groups].map(async ([engine, indexes]) => {
        const answers = await engine.append(indexes.map((i) => batch[i] as AppendRequest));
        for (const [k, i] of indexes.entries()) results[i] = answers[k] as AppendResult;
      }),
    );
    return results;
  }

  read(stream: string, options: ReadOptions): Promise<ReadResult> {
    return this.#engineFor(stream).read(stream, options);
  }

  head(stream: string): Promise<Head | null> {
    return this.#engineFor(stream).head(stream);
  }

  async list(options: ListOptions): Promise<readonly StreamInfo[]> {
    const lists = await Promise.all(this.#parts.map((part) => this.#routedTo(part, options)));
    return lists
      .flat()
      .sort((a, b) => compareUtf8(a.stream, b.stream))
      .slice(0, options.limit);
  }

  attach(sink: (event: LiveEvent) => void): void {
    for (const part of this.#parts) part.attach(sink);
  }

  listen(stream: string): Promise<Interest> {
    return this.#engineFor(stream).listen(stream);
  }

  health(): EngineHealth {
    const all = this.#parts.map((part) => ({ name: part.name, ...part.health() }));
    const state = leastOf(
      states,
      all.map((health) => health.state),
    );
    return { state, detail: all.map(({ name, state: partState, detail }) => `${name} ${partState}: ${detail}`).join("; ") };
  }

  /** The first streams of a part that are routed to it; a change of policies may have left others in it. */
  async #routedTo(part: Engine, options: ListOptions): Promise<readonly StreamInfo[]> {
    const found: StreamInfo[] = [];
    let after = options.after;
    for (;;) {
      const page = await part.list({ ...options, ...(after === undefined ? undefined : { after }) });
      found.push(...page.filter(({ stream }) => this.#engineFor(stream) === part));
      if (page.length < options.limit || found.length >= options.limit) return found;
      after = page.at(-1)?.stream;
    }
  }
}

function leastOf<T>(order: readonly T[], values: readonly T[]): T {
  const least = order[Math.min(...values.map((value) => order.indexOf(value)))];
  assert(least !== undefined, "a routed engine has at least one part");
  return least;
}

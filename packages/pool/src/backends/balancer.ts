/**
 * Which of several backends of one origin gets the next request: the least loaded of those that are up, relative to its weight and to how
 * far its slow start has come. Pure: time is told, randomness given. It never ejects the last one, and never waits for anything.
 *
 * A slow start has to hold twice. Where there is load, a backend that has 10 % of its share may have 10 % of the others' requests in
 * flight. Where there is none, everybody has zero, so it also takes part in only every tenth choice.
 */
import type { Rng } from "@holdfast/protocol";
import { randomFraction } from "@holdfast/protocol";
import { PoolError } from "../pool-error.ts";
import type { BackendChange, BackendChangeCode } from "./changes.ts";
import { type BackendOutcome, Health } from "./health.ts";
import type { BackendOptions } from "./options.ts";

/** A backend as it is declared. */
export interface BackendSpec {
  /** Scheme, host and port: what requests are sent to. Its identity in the list. */
  readonly origin: string;
  /** Its share relative to the others', above 0. Default: 1. */
  readonly weight?: number;
}

/** What a request may ask of the choice. */
export interface PickRequest {
  /** Origins that were tried for this request already. */
  readonly except?: ReadonlySet<string>;
  /** False: it must not be sent twice, so it is no trial for as long as others may be. Default: true. */
  readonly repeatable?: boolean;
}

/** A request's place at a backend, from `pick` until `finished`. */
export interface Turn {
  readonly origin: string;
  /** It is the one request that tells whether an ejected backend works again. */
  readonly trial: boolean;
}

/** One backend, to be looked at. */
export interface BackendStats {
  readonly origin: string;
  readonly weight: number;
  readonly state: "up" | "slow-start" | "ejected" | "trial";
  /** Percent of its share. */
  readonly sharePercent: number;
  readonly inFlight: number;
  readonly outcomes: Readonly<Record<BackendOutcome, number>>;
  readonly ejections: number;
  readonly spared: number;
}

interface Backend {
  readonly origin: string;
  weight: number;
  readonly health: Health;
  inFlight: number;
  readonly outcomes: Record<BackendOutcome, number>;
  ejections: number;
  spared: number;
  /** Counts comings and goings: what was sent before the last one says nothing about now. */
  era: number;
}

interface OwnTurn extends Turn {
  readonly backend: Backend;
  readonly era: number;
  isOver: boolean;
}

export class Balancer {
  readonly #options: BackendOptions;
  readonly #rng: Rng;
  readonly #changed: (change: BackendChange) => void;
  #backends: readonly Backend[] = [];
  #out = 0;

  constructor(specs: readonly BackendSpec[], options: BackendOptions, rng: Rng, nowMs: number, changed: (change: BackendChange) => void = () => {}) {
    this.#options = options;
    this.#rng = rng;
    this.#changed = changed;
    // Those that are there from the start are new to us alone: nobody else would take the load meanwhile.
    this.#backends = checkSpecs(specs, options).map((spec) => this.#make(spec, false, nowMs));
  }

  /** The backend of the next request, which counts as under way from here on; null when every one is excepted. */
  pick(nowMs: number, { except, repeatable = true }: PickRequest = {}): Turn | null {
    const backend = this.#due(nowMs, except, repeatable) ?? this.#leastLoaded(nowMs, except);
    if (backend === null) return null;
    const trial = backend.health.kind === "ejected";
    if (trial) backend.health.try();
    backend.inFlight++;
    const turn: OwnTurn = { origin: backend.origin, trial, backend, era: backend.era, isOver: false };
    return turn;
  }

  /** What became of it. To be called exactly once for every turn. */
  finished(turn: Turn, outcome: BackendOutcome, nowMs: number): void {
    const own = turn as OwnTurn;
    if (own.isOver) throw new Error(`a turn at ${turn.origin} was finished twice`);
    own.isOver = true;
    const { backend } = own;
    backend.inFlight--;
    backend.outcomes[outcome]++;
    if (own.era !== backend.era) return;
    if (turn.trial) this.#judgeTrial(backend, outcome, nowMs);
    else this.#judge(backend, outcome, nowMs);
  }

  /** Takes another list. Who stays keeps its state, who is new starts slowly, who is gone finishes what it has. */
  update(specs: readonly BackendSpec[], nowMs: number): void {
    checkSpecs(specs, this.#options);
    const known = new Map(this.#backends.map((backend) => [backend.origin, backend]));
    this.#backends = specs.map((spec) => {
      const backend = known.get(spec.origin);
      known.delete(spec.origin);
      if (backend === undefined) {
        const made = this.#make(spec, true, nowMs);
        this.#tell(made, "added", nowMs);
        return made;
      }
      backend.weight = spec.weight ?? 1;
      return backend;
    });
    for (const backend of known.values()) {
      backend.era++;
      this.#tell(backend, "removed", nowMs);
    }
    this.#recount(nowMs);
  }

  stats(nowMs: number): BackendStats[] {
    return this.#backends.map(({ origin, weight, health, inFlight, outcomes, ejections, spared }) => {
      const part = health.part(nowMs);
      const state = health.kind === "up" && part < 1 ? "slow-start" : health.kind;
      return { origin, weight, state, sharePercent: Math.round(part * 100), inFlight, outcomes: { ...outcomes }, ejections, spared };
    });
  }

  #make({ origin, weight = 1 }: BackendSpec, slowly: boolean, nowMs: number): Backend {
    const outcomes = { ok: 0, failed: 0, not_reached: 0, abandoned: 0 };
    return { origin, weight, health: new Health(this.#options, slowly, nowMs), inFlight: 0, outcomes, ejections: 0, spared: 0, era: 0 };
  }

  /** The ejected one whose time is over, longest ago first. What must not be sent twice is a trial only when nothing else was for long. */
  #due(nowMs: number, except: ReadonlySet<string> | undefined, repeatable: boolean): Backend | null {
    if (this.#out === 0) return null;
    let due: Backend | null = null;
    let dueMs = nowMs;
    for (const backend of this.#backends) {
      const fromMs = backend.health.dueMs;
      if (fromMs === null || except?.has(backend.origin) === true) continue;
      const atMs = repeatable ? fromMs : fromMs + backend.health.forMs;
      if (atMs <= dueMs) {
        due = backend;
        dueMs = atMs;
      }
    }
    return due;
  }

  #leastLoaded(nowMs: number, except: ReadonlySet<string> | undefined): Backend | null {
    const open = new Least(this.#rng);
    const waiting = new Least(this.#rng);
    for (const backend of this.#backends) {
      const part = backend.health.part(nowMs);
      if (part === 0 || except?.has(backend.origin) === true) continue;
      const takesPart = part === 1 || randomFraction(this.#rng) < part;
      (takesPart ? open : waiting).offer(backend, backend.inFlight / (backend.weight * part), backend.weight);
    }
    return open.best ?? waiting.best;
  }

  #judge(backend: Backend, outcome: BackendOutcome, nowMs: number): void {
    const cause = backend.health.count(outcome, nowMs);
    if (cause === null) return;
    if (this.#out < this.#outMax()) this.#eject(backend, cause, nowMs);
    else {
      backend.spared++;
      this.#tell(backend, "spared", nowMs);
    }
  }

  #judgeTrial(backend: Backend, outcome: BackendOutcome, nowMs: number): void {
    if (outcome === "abandoned") backend.health.tryAgain(nowMs);
    else if (outcome === "ok") this.#comeBack(backend, "returned", nowMs);
    else {
      this.#out--;
      this.#eject(backend, "trial_failed", nowMs);
    }
  }

  #eject(backend: Backend, code: BackendChangeCode, nowMs: number): void {
    backend.health.eject(nowMs, randomFraction(this.#rng) * 2 - 1);
    backend.ejections++;
    backend.era++;
    this.#out++;
    this.#tell(backend, code, nowMs, backend.health.forMs);
  }

  #comeBack(backend: Backend, code: BackendChangeCode, nowMs: number): void {
    backend.health.comeBack(nowMs);
    backend.era++;
    this.#out--;
    this.#tell(backend, code, nowMs);
  }

  #outMax(): number {
    const count = this.#backends.length;
    return Math.min(count - 1, Math.floor((count * this.#options.ejectedPercentMax) / 100));
  }

  /** After a change of the list: those that were ejected first come back until no more are out than may be. */
  #recount(nowMs: number): void {
    const out = this.#backends.filter(({ health }) => health.kind !== "up");
    this.#out = out.length;
    out.sort((a, b) => (a.health.dueMs ?? nowMs) - (b.health.dueMs ?? nowMs));
    for (const backend of out.slice(0, Math.max(0, this.#out - this.#outMax()))) this.#comeBack(backend, "returned_untried", nowMs);
  }

  #tell({ origin }: Backend, code: BackendChangeCode, atMs: number, forMs: number | null = null): void {
    this.#changed({ backend: origin, code, atMs, forMs });
  }
}

/** The least loaded of those that were offered; among equals by weight at random, without a list of them. */
class Least {
  readonly #rng: Rng;
  best: Backend | null = null;
  #load = 0;
  #weights = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  offer(backend: Backend, load: number, weight: number): void {
    if (this.best === null || load < this.#load) {
      this.best = backend;
      this.#load = load;
      this.#weights = weight;
    } else if (load === this.#load) {
      this.#weights += weight;
      if (randomFraction(this.#rng) * this.#weights < weight) this.best = backend;
    }
  }
}

function checkSpecs(specs: readonly BackendSpec[], { backendsMax }: BackendOptions): readonly BackendSpec[] {
  const refuse = (detail: string): never => {
    throw new PoolError("invalid_option", detail);
  };
  if (specs.length === 0 || specs.length > backendsMax) refuse(`expected 1 to ${backendsMax} backends, got ${specs.length}`);
  const seen = new Set<string>();
  for (const { origin, weight = 1 } of specs) {
    if (seen.has(origin)) refuse(`expected each backend once, got ${origin} twice`);
    if (!(Number.isFinite(weight) && weight > 0)) refuse(`expected the weight of ${origin} to be above 0, got ${weight}`);
    seen.add(origin);
  }
  return specs;
}

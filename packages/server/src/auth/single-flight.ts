/**
 * Questions to somebody slow, and their answers: the same question is asked once at a time, only so many at once, and each has a deadline.
 * The classic victim of a herd of returning clients is the identity service, so it is never asked by more than it can bear.
 * A failure is no answer: it must never be remembered, neither as yes nor as no.
 */
import { type Clock, HoldfastError, type Rng, randomFraction } from "@holdfast/protocol";

export interface LaneRules {
  /** Questions that are asked at once. */
  readonly concurrencyMax: number;
  /** Questions that wait for their turn; one more is refused. */
  readonly queueMax: number;
  /** From the asking to the answer, the wait included. */
  readonly deadlineMs: number;
}

export interface LaneWorld {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly counters: { authorizeAsked: number; authorizeFailed: number; authorizeLate: number; authorizeCrowded: number };
}

interface Waiting {
  start(): void;
  /** Given up, and only in the queue still. */
  isOver: boolean;
  readonly untilMs: number;
}

/** Runs so many questions at once, and keeps so many waiting. */
export class Lane {
  readonly #rules: LaneRules;
  readonly #world: LaneWorld;
  readonly #queue: Waiting[] = [];
  #waiting = 0;
  #running = 0;

  constructor(rules: LaneRules, world: LaneWorld) {
    this.#rules = rules;
    this.#world = world;
  }

  get running(): number {
    return this.#running;
  }

  /**
   * The answer. Rejects with `overloaded` and a time to come back when there is no room, or no answer in time; else with whatever the question
   * rejects with. What has had its deadline is told so by its signal, and does not hold up those that wait.
   */
  ask<T>(question: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const { clock, counters } = this.#world;
    if (this.#running >= this.#rules.concurrencyMax && this.#waiting >= this.#rules.queueMax) {
      counters.authorizeCrowded++;
      return Promise.reject(this.#overloaded("too many wait to be judged"));
    }
    return new Promise<T>((resolve, reject) => {
      const abort = new AbortController();
      let isRunning = false;
      const over = (): void => {
        timer.cancel();
        waiting.isOver = true;
        if (isRunning) this.#running--;
        else this.#waiting--;
        isRunning = false;
        this.#next();
      };
      const timer = clock.after(this.#rules.deadlineMs, () => {
        counters.authorizeLate++;
        over();
        abort.abort();
        reject(this.#overloaded("no answer in time"));
      });
      const waiting: Waiting = {
        isOver: false,
        untilMs: clock.monoMs() + this.#rules.deadlineMs,
        start: () => {
          isRunning = true;
          this.#waiting--;
          this.#running++;
          counters.authorizeAsked++;
          const settle = (done: () => void): void => {
            if (waiting.isOver) return;
            over();
            done();
          };
          // A function of the application may throw at once as well.
          Promise.resolve()
            .then(() => question(abort.signal))
            .then(
              (answer) => settle(() => resolve(answer)),
              (thrown: unknown) => settle(() => reject(thrown)),
            );
        },
      };
      this.#waiting++;
      this.#queue.push(waiting);
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.#rules.concurrencyMax) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      // One whose deadline is now is about to be given up: nobody would wait for the answer.
      if (!next.isOver && this.#world.clock.monoMs() < next.untilMs) next.start();
    }
    // What was given up must not pile up behind questions that hang.
    while (this.#queue[0]?.isOver === true) this.#queue.shift();
  }

  #overloaded(why: string): HoldfastError {
    const { rng } = this.#world;
    return new HoldfastError("overloaded", why, { afterMs: Math.round(this.#rules.deadlineMs * (0.2 + 0.8 * randomFraction(rng))) });
  }
}

interface Kept<T> {
  readonly answer: T;
  readonly tag: string;
  readonly untilMs: number;
}

/** Asks each question once at a time, and remembers answers for a while. */
export class SingleFlight<T> {
  readonly #lane: Lane;
  readonly #clock: Clock;
  readonly #entriesMax: number;
  /** The least recently used are in front. */
  readonly #kept = new Map<string, Kept<T>>();
  readonly #flying = new Map<string, Promise<T>>();
  /** Counts what was made to be forgotten, so that what was asked before is not remembered after. */
  #forgotten = 0;

  constructor(lane: Lane, clock: Clock, entriesMax: number) {
    this.#lane = lane;
    this.#clock = clock;
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The answer at once when it is remembered. `keepMs` says for how long; `tag` is what `forget` goes by. */
  ask(key: string, question: (signal: AbortSignal) => T | Promise<T>, keepMs: (answer: T) => number, tag: (answer: T) => string): T | Promise<T> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      if (this.#clock.monoMs() < kept.untilMs) {
        this.#kept.set(key, kept);
        return kept.answer;
      }
    }
    const flying = this.#flying.get(key);
    if (flying !== undefined) return flying;
    const forgotten = this.#forgotten;
    const asked = this.#lane.ask(question).then((answer) => {
      if (forgotten === this.#forgotten) this.#keep(key, { answer, tag: tag(answer), untilMs: this.#clock.monoMs() + keepMs(answer) });
      return answer;
    });
    this.#flying.set(key, asked);
    const landed = (): void => {
      this.#flying.delete(key);
    };
    asked.then(landed, landed);
    return asked;
  }

  /** Forgets all answers with this tag. */
  forget(tag: string): void {
    this.#forgotten++;
    for (const [key, kept] of this.#kept) if (kept.tag === tag) this.#kept.delete(key);
  }

  #keep(key: string, kept: Kept<T>): void {
    if (kept.untilMs <= this.#clock.monoMs()) return;
    this.#kept.set(key, kept);
    if (this.#kept.size <= this.#entriesMax) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest as string);
  }
}

/**
 * Where the hooks get their client: one that the application gave, or one that is made when first needed and closed with its provider.
 * It must not make a client while something is merely rendered (a render may be thrown away, or happen on a server), nor close one
 * that only seems to go: React's StrictMode takes every component out and puts it back at once.
 */
import { type Client, platformEnv, type Status, type StatusSource } from "../index.ts";
import { offNextFrame, onNextFrame } from "./adapters/frames.ts";

/** What a client says before there is one, on servers too; without a clock, so that both sides print the same. */
export const initialStatus: Status = Object.freeze({
  state: "offline",
  code: null,
  reason: "nothing to carry",
  since: 0,
  transport: null,
  lastProofOfLifeMs: null,
  attempt: 0,
  retryAtMs: null,
  linkId: null,
});

/** A client that may not be there yet. */
export class ClientSource {
  readonly #make: () => Client;
  readonly #isOwned: boolean;
  #client: Client | null = null;
  #isClosed = false;
  #holds = 0;

  /** `isOwned`: the client is closed when the last holder lets go. */
  constructor(make: () => Client, isOwned: boolean) {
    this.#make = make;
    this.#isOwned = isOwned;
  }

  /** The client, closed or not; made when there was none. Arrow functions, because they are handed to React without their object. */
  readonly current = (): Client => {
    this.#client ??= this.#make();
    return this.#client;
  };

  /** A client that can be used: a new one in the place of one that was closed with a provider which is back now. */
  open(): Client {
    if (this.#isClosed) this.#client = null;
    this.#isClosed = false;
    return this.current();
  }

  /** Keeps the client until the returned function is called. */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
      platformEnv.soon(() => this.#letGo());
    };
  }

  #letGo(): void {
    if (this.#holds > 0 || !this.#isOwned || this.#isClosed || this.#client === null) return;
    this.#isClosed = true;
    void this.#client.close(); // It waits a little for answers to publishes, and never rejects.
  }

  /** For those who show which client it is: hears of nothing, but has an open one from then on. */
  readonly use = (): (() => void) => {
    this.open();
    return () => {};
  };

  /** The client's status, told once per frame. */
  readonly status: StatusSource<Status> = {
    subscribe: (listener) => {
      const tell = (): void => listener();
      const unsubscribe = this.open().status.subscribe(() => onNextFrame(tell));
      return () => {
        unsubscribe();
        offNextFrame(tell);
      };
    },
    getSnapshot: () => this.#client?.status.getSnapshot() ?? initialStatus,
  };
}

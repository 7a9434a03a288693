/**
 * The page's client: follows the numbered entries and the vital signs over the wire that can be cut. Changing the transport makes a new
 * client that goes on where the old one was, as a page that is loaded again would.
 */
import { type Client, type ClientOptions, connect, type Gap, type Status, type StreamEntry } from "@holdfast/client";

export interface FollowerHandlers {
  number(entry: StreamEntry): void;
  vital(entry: StreamEntry): void;
  gap(gap: Gap): void;
  status(status: Status): void;
  /** A stream ended with an error that the client does not get over by itself. */
  failed(error: unknown): void;
}

export interface FollowerOptions {
  readonly numbersStream: string;
  /** Null when the server publishes none. */
  readonly vitalsStream: string | null;
  readonly probeTimeoutMs: number;
}

/** A transport by its name, or all of them. */
export type TransportChoice = "auto" | "websocket" | "sse" | "poll";

const vitalsBackfill = 120;

/** Which choices the client has; a client without the option has WebSocket alone. */
export function transportChoices(): readonly TransportChoice[] {
  return optionsFor("sse") === null ? ["auto"] : ["auto", "websocket", "sse", "poll"];
}

/** Null when the client does not know the option. */
function optionsFor(choice: TransportChoice): ClientOptions | null {
  // SSE may fall back to long-poll: that is what is to be seen.
  const transports = { auto: undefined, websocket: ["websocket"], sse: ["sse", "poll"], poll: ["poll"] }[choice];
  const options = (transports === undefined ? {} : { transports }) as ClientOptions;
  try {
    void connect("http://localhost", options).close();
    return options;
  } catch {
    return null;
  }
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #handlers: FollowerHandlers;
  #client: Client | null = null;
  #number: string;
  #vital: string | null = null;

  /** @param after the position after which the numbered entries are followed */
  constructor(options: FollowerOptions, after: string, handlers: FollowerHandlers) {
    this.#options = options;
    this.#number = after;
    this.#handlers = handlers;
  }

  get status(): Status | null {
    return this.#client?.status.getSnapshot() ?? null;
  }

  /** Follows by a new client, from where the old one was. */
  start(url: string, choice: TransportChoice): void {
    this.stop();
    const { numbersStream, vitalsStream, probeTimeoutMs } = this.#options;
    const client = connect(url, { ...optionsFor(choice), probeTimeoutMs, name: "holdfast-page" });
    this.#client = client;
    client.status.subscribe(() => {
      if (this.#client === client) this.#handlers.status(client.status.getSnapshot());
    });
    void this.#follow(client, numbersStream, { after: this.#number }, (entry) => {
      this.#number = entry.position;
      this.#handlers.number(entry);
    });
    if (vitalsStream === null) return;
    void this.#follow(client, vitalsStream, this.#vital === null ? { last: vitalsBackfill } : { after: this.#vital }, (entry) => {
      this.#vital = entry.position;
      this.#handlers.vital(entry);
    });
  }

  stop(): void {
    const client = this.#client;
    // Forgotten first: that it closes is no news of the link.
    this.#client = null;
    void client?.close({ drainMs: 0 });
  }

  async #follow(client: Client, name: string, from: { after: string } | { last: number }, take: (entry: StreamEntry) => void): Promise<void> {
    const isNumbers = name === this.#options.numbersStream;
    const onGap = (gap: Gap): void => {
      if (isNumbers && this.#client === client) this.#handlers.gap(gap);
    };
    try {
      for await (const entry of client.stream(name, { from, onGap })) {
        if (this.#client !== client) return;
        take(entry);
      }
    } catch (error) {
      if (this.#client === client) this.#handlers.failed(error);
    }
  }
}

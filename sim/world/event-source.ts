/**
 * What browsers have built in as `EventSource`, over the simulated network: it takes events out of a stream of text, remembers the id of the
 * last whole one, and comes back with it (WHATWG HTML, section 9.2). It knows nothing of Holdfast, and checks nothing.
 */
import type { Requester } from "@holdfast/client";
import type { SimProcess } from "../sim-process.ts";

export interface EventSourceHooks {
  /** An event with its data, after its id has become the last one. */
  event(type: string, data: string): void;
  /** Bytes came. */
  heard(): void;
  /** It will not come back: the server answered with this status. */
  gaveUp(status: number): void;
}

/** What browsers wait before they come back, when nothing else was said. */
const retryMsDefault = 3_000;

export class SimEventSource {
  readonly #process: SimProcess;
  readonly #requester: Requester;
  readonly #url: string;
  readonly #hooks: EventSourceHooks;
  lastEventId = "";
  #retryMs = retryMsDefault;
  #isClosed = false;
  #abort = (): void => {};

  constructor(process: SimProcess, requester: Requester, url: string, hooks: EventSourceHooks) {
    this.#process = process;
    this.#requester = requester;
    this.#url = url;
    this.#hooks = hooks;
    this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    this.#abort();
  }

  #connect(): void {
    let rest = "";
    let type = "";
    let data: string[] = [];
    let id = this.lastEventId;
    const take = (line: string): void => {
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (line === "") {
        this.lastEventId = id;
        const text = data.join("\n");
        const named = type === "" ? "message" : type;
        const isEmpty = data.length === 0;
        data = [];
        type = "";
        if (!isEmpty) this.#hooks.event(named, text);
      } else if (field === "data") data.push(value);
      else if (field === "event") type = value;
      else if (field === "id" && !value.includes("\0")) id = value;
      else if (field === "retry" && /^\d+$/.test(value)) this.#retryMs = Number(value);
    };
    this.#abort = this.#requester.post(this.#url, this.lastEventId, {
      text: (piece) => {
        if (this.#isClosed) return;
        this.#hooks.heard();
        const lines = (rest + piece).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (!this.#isClosed) take(line);
      },
      end: (status) => {
        if (this.#isClosed) return;
        if (status !== 0 && status !== 200) {
          this.#isClosed = true;
          this.#hooks.gaveUp(status);
          return;
        }
        this.#process.env.clock.after(this.#retryMs, () => {
          if (!this.#isClosed) this.#connect();
        });
      },
    });
  }
}

/**
 * Tabs of one origin against a model of the server, by a clock moved by hand: each tab runs the whole shared client.
 * It must let nothing run in a tab that is frozen or dead, and tell nothing to it.
 */
import { subprotocol } from "@holdfast/protocol";
import { type Client, type ClientOptions, createClient, HoldfastError } from "../../../src/index.ts";
import type { Requester } from "../../../src/request-conn.ts";
import { createShared } from "../../../src/tabs/shared-client.ts";
import type { ConnHandlers, Transport } from "../../../src/transport.ts";
import { HandWorld } from "../../support/hand-world.ts";
import { ModelServer } from "../../support/model-server.ts";
import { FakeOrigin, type FakePage } from "./fake-origin.ts";

/** One tab, its client, and what its readers were given. */
export interface WorldTab {
  readonly page: FakePage;
  readonly client: Client;
  readonly got: Map<string, string[]>;
  /** Values, with what became of them. */
  readonly fates: Map<string, string>;
  readonly told: string[];
  /** What `pagehide` and `pageshow` do. */
  readonly hide: () => void;
  readonly show: () => void;
}

export class TabsWorld {
  readonly world: HandWorld;
  readonly server: ModelServer;
  readonly origin: FakeOrigin;
  readonly tabs: WorldTab[] = [];
  /** Dials of leaders; publishes are not among them. */
  dials = 0;
  /** Publishes that leave now are never answered: their connection has gone dark. */
  isDark = false;
  #values = 0;

  constructor(seed = 1) {
    this.world = new HandWorld(seed);
    this.server = new ModelServer(this.world);
    this.origin = new FakeOrigin(this.world);
  }

  get leaders(): number {
    const claims = [...this.origin.locks].filter(([name]) => name.endsWith("/v1/")).flatMap(([, each]) => each.slice(0, 1));
    return claims.length;
  }
  /** Who holds the lock of the address. */
  get leader(): WorldTab | undefined {
    const claim = [...this.origin.locks].find(([name]) => name.endsWith("/v1/"))?.[1][0];
    return this.tabs.find(({ page }) => page === claim?.page);
  }

  /** The bodies of all requests by which tabs published. */
  readonly posted: string[] = [];

  open(streams: readonly string[] = [], options: ClientOptions = {}): WorldTab {
    const page = this.origin.page();
    const told: string[] = [];
    let hooks: { pause(): void; resume(): void } | null = null;
    const client = createShared("http://test", options, {
      env: page.env,
      sharing: page.sharing,
      requester: this.#requester(page),
      connect: () => createClient("http://test", options, { env: page.env, transports: [this.#transport(page)] }),
      watch: (given) => {
        hooks = given;
        return () => {};
      },
    });
    const tab: WorldTab = { page, client, got: new Map(), fates: new Map(), told, hide: () => hooks?.pause(), show: () => hooks?.resume() };
    client.status.subscribe(() => {
      const { state, code } = client.status.getSnapshot();
      const now = code === null ? state : `${state} ${code}`;
      if (told.at(-1) !== now) told.push(now);
    });
    this.tabs.push(tab);
    for (const stream of streams) void this.read(tab, stream);
    return tab;
  }

  async read({ client, got }: WorldTab, name: string): Promise<void> {
    const list: string[] = [];
    got.set(name, list);
    try {
      for await (const { position, raw } of client.stream(name, { from: "first", onGap: ({ reason }) => void list.push(`gap ${reason}`) }))
        list.push(`${position} ${raw}`);
      list.push("ended");
    } catch (error) {
      list.push(HoldfastError.from(error).code);
    }
  }

  /** What a reader from the beginning has to get of a stream. */
  logOf(name: string): string[] {
    return this.server.log(name).all.map(({ position, payload }) => `${position} ${payload}`);
  }

  publish(tab: WorldTab, stream: string, size = 0): string {
    const value = `${stream} ${this.#values++}${"x".repeat(size)}`;
    tab.fates.set(value, "pending");
    tab.client.publish(stream, value).then(
      () => tab.fates.set(value, "published"),
      (error: unknown) => tab.fates.set(value, HoldfastError.from(error).code),
    );
    return value;
  }

  #transport(page: FakePage): Transport {
    const { transport } = this.server.net;
    return {
      name: "memory",
      dial: (target, handlers) => {
        this.dials++;
        return transport.dial(target, inPage(page, handlers));
      },
    };
  }

  /** Publishes by requests: a link of the model that lasts as long as a request. */
  #requester(page: FakePage): Requester {
    return {
      post: (url, body, events) => {
        if (this.isDark) return () => {};
        this.posted.push(body);
        const lines = body.split("\x1e").filter((line) => line !== "");
        let waiting = lines.filter((line) => line.startsWith('{"type":"publish"')).length;
        const end = (status: number): void => {
          conn.destroy();
          events.end(status, "");
        };
        const conn = this.server.net.transport.dial(
          { url: url.replace(/poll$/, ""), subprotocol },
          inPage(page, {
            onOpen: () => {
              for (const line of lines) conn.send(line);
            },
            onText: (text) => {
              if (/^{"type":"(published|refused)"/.test(text)) waiting--;
              events.text(`${text}\n`);
              if (waiting === 0) end(200);
            },
            onActivity: () => {},
            onClose: () => events.end(0, ""),
            onError: () => events.end(0, ""),
            asks: () => [],
          }),
        );
        return () => conn.destroy();
      },
    };
  }
}

function inPage(page: FakePage, handlers: ConnHandlers): ConnHandlers {
  return {
    onOpen: () => page.run(() => handlers.onOpen()),
    onText: (text, isProof) => page.run(() => handlers.onText(text, isProof)),
    onActivity: () => page.run(() => handlers.onActivity()),
    onClose: (end) => page.run(() => handlers.onClose(end)),
    onError: (code, message) => page.run(() => handlers.onError(code, message)),
    asks: () => handlers.asks(),
  };
}

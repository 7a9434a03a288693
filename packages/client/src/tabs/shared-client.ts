/**
 * A client whose link is that of the origin's leader. It only joins the parts: an ordinary client, the shared transport, and a status that
 * is the leader's where the leader knows more. It must never say of the link what the leader has not said.
 */
import type { Env } from "@holdfast/protocol";
import { type Client, createClient, type PlatformHooks } from "../client.ts";
import { endpointOf } from "../connection.ts";
import type { ClientOptions } from "../options.ts";
import type { Requester } from "../request-conn.ts";
import { type Status, StatusStore } from "../status.ts";
import { SharedConn } from "./shared-conn.ts";
import { isUp, type Sharing } from "./sharing.ts";
import { Tab } from "./tab.ts";

/** What a platform provides. */
export interface SharedPlatform {
  readonly env: Env;
  readonly sharing: Sharing;
  /** Carries publishes. */
  readonly requester: Requester;
  /** Makes the client whose link is shared, when this tab leads. */
  connect(): Client;
  watch(hooks: PlatformHooks): () => void;
}

/** How long the tab waits for a leader whose link is proved; the leader's own limits come first. */
const dialTimeoutMs = 300_000;

/** A shared client over a given platform. */
export function createShared(url: string, options: ClientOptions | undefined, { env, sharing, requester, connect, watch }: SharedPlatform): Client {
  let hooks: PlatformHooks | null = null;
  const tab = new Tab(`holdfast:${endpointOf(url)}`, env, sharing, connect, { changed: () => show(), doubt: () => hooks?.wake() });
  const client = createClient(
    url,
    { ...options, transports: ["shared"], dialTimeoutMs },
    {
      env,
      transports: [{ name: "shared", dial: (target, handlers) => new SharedConn(tab, target, requester, handlers) }],
      watch: (given) => {
        hooks = given;
        return watch({
          wake: given.wake,
          // A page that is put away must neither lead nor hold locks.
          pause: () => {
            given.pause();
            tab.leave();
          },
          resume: () => {
            tab.join();
            given.resume();
          },
        });
      },
    },
  );
  const own = client.status;
  const shown = new StatusStore<Status>(own.getSnapshot());
  const show = (): void => {
    const status = own.getSnapshot();
    const { here } = tab;
    const lastProofOfLifeMs = here?.lastProofOfLifeMs ?? shown.getSnapshot().lastProofOfLifeMs;
    const isWaiting = here !== null && status.state === "offline" && tab.isConnecting && !isUp(here);
    const { code, reason, attempt, retryAtMs } = isWaiting ? here : status;
    shown.set({ ...status, code, reason, attempt, retryAtMs, lastProofOfLifeMs }, env.clock.wallMs());
  };
  own.subscribe(show);
  const close = client.close.bind(client);
  Object.defineProperties(client, {
    status: { value: shown },
    close: {
      value: (how?: Parameters<Client["close"]>[0]) => {
        const closed = close(how);
        void closed.then(() => tab.leave());
        return closed;
      },
    },
  });
  tab.join();
  return client;
}

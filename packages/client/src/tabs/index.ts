/**
 * One link for all tabs of an origin: `connectShared` is `connect` for pages that people open many times. Browsers open six HTTP/1.1
 * connections to an origin, and a seventh stream waits for ever; and each link costs the server as much as another user.
 * Where tabs cannot share it must still work, so it is then `connect` itself.
 */

import { fetchRequester } from "../adapters/fetch.ts";
import { watchPage } from "../adapters/page.ts";
import { platformEnv } from "../adapters/platform-env.ts";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";
import type { ClientOptions } from "../options.ts";
import { browserSharing, canShare } from "./adapters/browser.ts";
import { watchFreezing } from "./adapters/freezing.ts";
import { createShared } from "./shared-client.ts";

/**
 * A client whose link is shared by all tabs of the origin that name the same server. The tab that leads dials with its own options.
 * Without Web Locks and BroadcastChannel (Node, pages that are not secure) it has a link of its own.
 * Throws TypeError for an address or an option that is not valid.
 */
export function connectShared(url: string, options?: ClientOptions): Client {
  if (!canShare) return connect(url, options);
  return createShared(url, options, {
    env: platformEnv,
    sharing: browserSharing,
    requester: fetchRequester,
    connect: () => connect(url, options),
    watch: (hooks) => watchFreezing(hooks, watchPage),
  });
}

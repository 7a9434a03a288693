/**
 * Origins that end kept connections at bad moments, in a process of their own: in the clients' process an end would be sent only when they have
 * time for it.
 */
import { answerCalls } from "../lib/child.ts";
import { type Ending, type HostileOrigin, hostileOrigin } from "../lib/http-pools/hostile-origin.ts";

const origins = new Map<number, HostileOrigin>();

const calls = {
  open: async (ending: Ending): Promise<number> => {
    const origin = await hostileOrigin(ending);
    origins.set(origin.port, origin);
    return origin.port;
  },
  /** Closes it, and says what it has seen. */
  close: async (port: number): Promise<{ readonly connections: number; readonly requests: number; readonly twice: number }> => {
    const origin = origins.get(port);
    if (origin === undefined) throw new Error(`no origin at ${port}`);
    origins.delete(port);
    await origin.close();
    return { connections: origin.connections, requests: origin.requests, twice: origin.twice.length };
  },
};

export type HostileOriginsCalls = typeof calls;
answerCalls(calls);

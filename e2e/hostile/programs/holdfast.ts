/**
 * A Holdfast server over a memory log that holds little, with a stream that goes on all the time for whoever watches.
 */
import { createServer, type HoldfastServer, jwtAuthorizer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { answerCalls } from "../../../bench/lib/child.ts";
import type { Counts, SubjectCalls } from "./calls.ts";

const tickMs = 25;
const encoder = new TextEncoder();
let server: HoldfastServer | null = null;

/** What the hub counts of links and messages, and guard of connections, under the same words. */
function sum(...maps: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const map of maps) for (const [code, count] of map) all[code] = (all[code] ?? 0) + count;
  return all;
}

const calls: SubjectCalls = {
  open: async ({ guardOptions, serverOptions, tokensOf }) => {
    const engine = memoryEngine({ env: nodeEnv, options: { retentionEntriesMax: 1_000 } });
    const opened = createServer({
      engine,
      options: { port: 0, drainMs: 50, ...serverOptions },
      guard: guardOptions,
      // Without tolerance, for rows wait until a token has run out.
      auth: tokensOf === null ? "anonymous" : jwtAuthorizer({ ...tokensOf, clockToleranceMs: 0 }, nodeEnv.clock),
      connectionEvents: {
        ended: (row, ending) => console.log(JSON.stringify({ event: "ended", ...ending, row })),
        warning: (message) => console.log(JSON.stringify({ event: "warning", message })),
      },
    });
    const { port } = await opened.listen();
    let n = 0;
    setInterval(() => {
      void opened.hub.append({ stream: "calm", entries: [{ format: "json", payload: encoder.encode(String(n++)) }] });
    }, tickMs);
    server = opened;
    return { port, proxiedPort: 0, securePort: 0 };
  },
  counts: (): Counts => {
    if (server === null) throw new Error("open first");
    const { hub, guard } = server;
    return {
      refused: sum(hub.counters.refused, hub.counters.gaps, guard.counters.refused),
      ended: sum(hub.counters.closed, guard.counters.ended),
      open: guard.connections().length,
    };
  },
  revoke: (subject) => server?.revoke({ subject }).links ?? 0,
  collect: () => globalThis.gc?.(),
};

answerCalls(calls, () => server?.close());

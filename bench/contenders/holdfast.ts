/**
 * Holdfast as it is: entries are appended from inside the server process, one append each, so that what is measured is
 * everything from there to the sockets: checks, engine, tail, fan-out.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type Engine, nodeEnv } from "@holdfast/server";
import { memoryEngine, sqliteEngine } from "@holdfast/server/engines";
import { stream, type Wire } from "../lib/scripts.ts";
import { type Contender, type ContenderKind, type ContenderSettings, turn } from "./contender.ts";

function engineFor({ directory }: ContenderSettings): Engine {
  return directory === null ? memoryEngine({ env: nodeEnv }) : sqliteEngine({ env: nodeEnv, path: join(directory, "bench.db") });
}

/** `endsAnswers`: a reader that got something asks anew; it has been served when it is back, so that each entry finds an open poll. */
async function open(settings: ContenderSettings, endsAnswers: boolean): Promise<Contender> {
  const server = createServer({ engine: engineFor(settings), options: { port: 0, drainMs: 1, admissionPerSecond: 1_000_000 } });
  const { port } = await server.listen();
  const { hub } = server;
  const { counters } = hub;
  let wanted = 0;
  let wantedLinks = 0;
  return {
    port,
    links: () => hub.readersOf(stream),
    send: (payloads) => {
      const readers = hub.readersOf(stream);
      wanted = Math.max(wanted, counters.deliveries) + readers * payloads.length;
      if (endsAnswers) wantedLinks = counters.linksAccepted + readers;
      for (const payload of payloads) {
        void hub.append({ stream, entries: [{ format: "json", payload }] }).then((result) => {
          if (!result.ok) throw new Error(`append refused: ${result.code}`);
        });
      }
    },
    sent: async () => {
      while (counters.deliveries < wanted) await turn();
      // The linger is idle time, so it must not be spent on looking.
      while (counters.linksAccepted < wantedLinks) await sleep(1);
    },
    close: () => server.close(),
  };
}

const kind = (label: string, wire: Wire, endsAnswers = false): ContenderKind => ({
  label,
  wire,
  joins: true,
  open: (settings) => open(settings, endsAnswers),
});

export const holdfast: ContenderKind = kind("Holdfast", "holdfast");
export const holdfastSse: ContenderKind = kind("Holdfast, SSE as its client asks", "holdfast sse");
export const holdfastEventSource: ContenderKind = kind("Holdfast, SSE for EventSource", "holdfast EventSource");
export const holdfastPoll: ContenderKind = kind("Holdfast, long-poll", "holdfast poll", true);

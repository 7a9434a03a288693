/**
 * Holdfast as it is: entries are appended from inside the server process, one append each, so that what is measured is
 * everything from there to the sockets: checks, engine, tail, fan-out.
 */
import { join } from "node:path";
import { createServer, type Engine, nodeEnv } from "@holdfast/server";
import { memoryEngine, sqliteEngine } from "@holdfast/server/engines";
import { stream } from "../lib/scripts.ts";
import { type Contender, type ContenderKind, type ContenderSettings, turn } from "./contender.ts";

function engineFor({ directory }: ContenderSettings): Engine {
  return directory === null ? memoryEngine({ env: nodeEnv }) : sqliteEngine({ env: nodeEnv, path: join(directory, "bench.db") });
}

async function open(settings: ContenderSettings): Promise<Contender> {
  const server = createServer({ engine: engineFor(settings), options: { port: 0, drainMs: 1 } });
  const { port } = await server.listen();
  const { hub } = server;
  const { counters } = hub;
  let wanted = 0;
  return {
    port,
    links: () => hub.readersOf(stream),
    send: (payloads) => {
      wanted = Math.max(wanted, counters.deliveries) + hub.readersOf(stream) * payloads.length;
      for (const payload of payloads) {
        void hub.append({ stream, entries: [{ format: "json", payload }] }).then((result) => {
          if (!result.ok) throw new Error(`append refused: ${result.code}`);
        });
      }
    },
    sent: async () => {
      while (counters.deliveries < wanted) await turn();
    },
    close: () => server.close(),
  };
}

export const holdfast: ContenderKind = { label: "Holdfast", wire: "holdfast", open };

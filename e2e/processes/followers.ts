/**
 * Real clients in a process of their own. Each writes what it was given to an append-only file of its own, before it asks for more:
 * one line per entry (`e STREAM POSITION PAYLOAD`), per gap (`g STREAM FROM AFTER REASON`) and per start (`s STREAM POSITION`).
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, ClientOptions, Stream } from "@holdfast/client";
import { connect } from "@holdfast/client/node";
import { answerCalls } from "../../bench/lib/child.ts";

interface FollowerSetup {
  readonly url: string;
  readonly file: string;
  readonly streams: readonly string[];
  readonly options?: ClientOptions;
  /** Leaves the stream for so long after every so many entries, and comes back with the position it had; until it is to catch up. */
  readonly absence?: { readonly everyEntries: number; readonly forMs: number };
}

const clients: Client[] = [];
const places = new Map<Client, Map<string, string>>();
let stopping = false;
/** Nobody leaves any more: who takes a few entries at a time never gets to the end of a long tail. */
let catchingUp = false;

async function follow(client: Client, name: string, setup: FollowerSetup): Promise<void> {
  const place = places.get(client) as Map<string, string>;
  appendFileSync(setup.file, `s ${name} 0\n`);
  place.set(name, "0");
  while (!stopping) {
    const stream: Stream = client.stream(name, {
      from: { after: place.get(name) as string },
      onGap: (gap) => {
        appendFileSync(setup.file, `g ${name} ${gap.from} ${gap.after} ${gap.reason}\n`);
        place.set(name, gap.after);
      },
    });
    let taken = 0;
    for await (const entry of stream) {
      appendFileSync(setup.file, `e ${name} ${entry.position} ${entry.raw}\n`);
      place.set(name, entry.position);
      taken++;
      if (!catchingUp && setup.absence !== undefined && taken >= setup.absence.everyEntries) break;
    }
    if (setup.absence !== undefined) await sleep(setup.absence.forMs);
  }
}

const calls = {
  open: (setups: readonly FollowerSetup[]) => {
    for (const setup of setups) {
      const client = connect(setup.url, setup.options);
      clients.push(client);
      places.set(client, new Map());
      for (const name of setup.streams) {
        follow(client, name, setup).catch((error: unknown) => {
          if (!stopping) appendFileSync(setup.file, `x ${name} ${String(error)}\n`);
        });
      }
    }
    return clients.length;
  },
  /** The newest position of each client, stream by stream. */
  places: () => clients.map((client) => Object.fromEntries(places.get(client) as Map<string, string>)),
  states: () => clients.map((client) => client.status.getSnapshot().state),
  statuses: () => clients.map((client) => JSON.stringify({ ...client.status.getSnapshot(), counters: client.counters })),
  counters: () => {
    const sum = { duplicates: 0, holes: 0, audits: 0, links: 0, lost: 0, faults: 0, gaps: 0 };
    for (const client of clients) for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += client.counters[name];
    return sum;
  },
  /** As after a wake of the machine, they try again at once. */
  catchUp: () => {
    catchingUp = true;
    for (const client of clients) client.wake();
  },
};

export type FollowerCalls = typeof calls;
answerCalls(calls, async () => {
  stopping = true;
  await Promise.all(clients.map((client) => client.close({ drainMs: 0 })));
});

/**
 * A publisher in a process of its own: a steady rate over several streams through the client's outbox. It keeps what was acknowledged, and how.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "@holdfast/client";
import { answerCalls } from "../../bench/lib/child.ts";

let client: Client | null = null;
let running = false;
let sent = 0;
const acknowledged: (readonly [stream: string, n: number, position: string | null, duplicate: boolean])[] = [];
const failed: string[] = [];

async function run(streams: readonly string[], perSecond: number): Promise<void> {
  const startMs = performance.now();
  while (running) {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1_000);
    for (; sent < due && running; sent++) {
      const n = sent;
      const stream = streams[n % streams.length] as string;
      (client as Client).publish(stream, { n }).then(
        ({ position, duplicate }) => acknowledged.push([stream, n, position, duplicate]),
        (error: unknown) => failed.push(`${stream} ${n}: ${String(error)}`),
      );
    }
    await sleep(10);
  }
}

const calls = {
  start: ({ url, streams, perSecond }: { readonly url: string; readonly streams: readonly string[]; readonly perSecond: number }) => {
    // In a loop of crashes no link lasts, so a patient client would be away for most of it.
    client = connect(url, { outboxBytesMax: 16_777_216, backoffCapMs: 1_000 });
    running = true;
    void run(streams, perSecond);
  },
  /** Stops, waits until everything is answered, and tells all. */
  finish: async () => {
    running = false;
    client?.wake();
    await client?.flush();
    return { sent, acknowledged, failed, counters: client?.counters };
  },
  progress: () => ({ sent, acknowledged: acknowledged.length, failed: failed.length }),
};

export type PublisherCalls = typeof calls;
answerCalls(calls, () => client?.close({ drainMs: 0 }));

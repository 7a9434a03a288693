/**
 * Many real clients that follow one stream, each of which checks what it is handed: numbers that follow one another, and no gap.
 */
import { type Client, connect } from "@holdfast/client";
import { answerCalls } from "../../bench/lib/child.ts";

const clients: Client[] = [];
const last: number[] = [];
const faults: string[] = [];
let isOver = false;

async function follow(client: Client, index: number): Promise<void> {
  const stream = client.stream("news", { from: "first", onGap: (gap) => void faults.push(`${index}: gap ${gap.reason}`) });
  for await (const entry of stream) {
    const number = Number(entry.raw);
    if (number !== (last[index] as number) + 1) faults.push(`${index}: ${number} after ${last[index]}`);
    last[index] = number;
  }
}

const calls = {
  open: ({ url, count }: { readonly url: string; readonly count: number }) => {
    for (let i = 0; i < count; i++) {
      const client = connect(url);
      const index = clients.push(client) - 1;
      last.push(-1);
      follow(client, index).catch((error: unknown) => {
        if (!isOver) faults.push(`${index}: ${String(error)}`);
      });
    }
    return clients.length;
  },
  slowest: () => Math.min(...last),
  /** How many have not come as far as the farthest, with what one of them says of itself. */
  behind: () => {
    const farthest = Math.max(...last);
    const behind = last.flatMap((at, index) => (at < farthest ? [index] : []));
    const one = behind[0] === undefined ? null : clients[behind[0]];
    return {
      count: behind.length,
      farthest,
      example: one === null || one === undefined ? null : { at: last[behind[0] as number], status: one.status.getSnapshot() },
    };
  },
  faults: () => faults.slice(0, 10),
};

export type ManyFollowersCalls = typeof calls;
answerCalls(calls, async () => {
  isOver = true;
  await Promise.all(clients.map((client) => client.close({ drainMs: 0 })));
});

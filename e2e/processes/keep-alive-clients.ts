/**
 * HTTP clients that each keep one connection and use it again and again, as a service's pool does: GET and POST in turn.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerCalls } from "../../bench/lib/child.ts";

const faults: string[] = [];
let answered = 0;
let reused = 0;
let isOver = false;
let done: Promise<unknown> = Promise.resolve();

function ask(agent: Agent, port: number, method: string): Promise<void> {
  return new Promise((resolve) => {
    const fail = (why: string): void => {
      faults.push(`${method}: ${why}`);
      resolve();
    };
    const path = method === "GET" ? "/v1/streams" : "/v1/streams/orders";
    const sent = request({ host: "127.0.0.1", port, agent, method, path, headers: { "Content-Type": "application/json" } }, (response) => {
      response.resume();
      response.on("error", (error) => fail(error.message));
      response.on("end", () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
        answered++;
        if (sent.reusedSocket) reused++;
        resolve();
      });
    });
    sent.on("error", (error: NodeJS.ErrnoException) => fail(`${error.code ?? error.message}${sent.reusedSocket ? " on a used connection" : ""}`));
    sent.end(method === "GET" ? undefined : "1");
  });
}

async function use(port: number, pauseMs: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; !isOver; i++) {
    await ask(agent, port, i % 2 === 0 ? "GET" : "POST");
    await sleep(pauseMs * (0.5 + Math.random()));
  }
  agent.destroy();
}

const calls = {
  open: ({ port, count, pauseMs }: { readonly port: number; readonly count: number; readonly pauseMs: number }) => {
    done = Promise.all(Array.from({ length: count }, () => use(port, pauseMs)));
  },
  counts: () => ({ answered, reused, failed: faults.length, faults: faults.slice(0, 10) }),
  stop: async () => {
    isOver = true;
    await done;
    return calls.counts();
  },
};

export type KeepAliveClientsCalls = typeof calls;
answerCalls(calls, () => {
  isOver = true;
});

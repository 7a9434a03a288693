/**
 * A well-behaved client of a subject that is under attack: it follows what goes on there, asks now and then, and remembers whatever went
 * wrong for it. It comes from an address of its own, as others would.
 */
import { Agent, get } from "node:http";
import { connect as connectClient } from "@holdfast/client";
import { WebSocket } from "ws";
import { goodPath } from "./attack.ts";
import type { Target } from "./row.ts";

const address = "127.0.0.9";
const everyMs = 100;
/** Nothing for so long is a fault: a subject that an attack brought to a stand. Generous, for the machine may be busy with other tests. */
const silenceMsMax = 10_000;

export interface Bystander {
  /** Everything that went wrong so far. */
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

/** What it shows, where everybody is asked for a token. */
type Token = (() => string) | undefined;
type Feed = { readonly stop: () => Promise<unknown> | unknown };

/** Follows the ticks of a plain service over a WebSocket. */
function followTicks(target: Target, came: (n: number) => void, fault: (why: string) => void): Feed {
  const socket = new WebSocket(`ws://127.0.0.1:${target.port}/socket`, { localAddress: address });
  let stopped = false;
  socket.on("message", (data) => came(Number(String(data))));
  socket.on("error", ({ message }) => fault(message));
  socket.on("close", (code) => {
    if (!stopped) fault(`closed ${code}`);
  });
  return {
    stop: () => {
      stopped = true;
      socket.close();
    },
  };
}

/** Follows a stream of a Holdfast server. */
function followStream(target: Target, token: Token, came: (n: number) => void, fault: (why: string) => void): Feed {
  const client = connectClient(`http://127.0.0.1:${target.port}`, token === undefined ? {} : { token });
  const stream = client.stream("calm", { onGap: ({ reason }) => fault(`gap ${reason}`) });
  void (async () => {
    for await (const { data } of stream) came(data as number);
  })().catch((thrown: Error) => fault(thrown.message));
  return {
    stop: async () => {
      stream.close();
      await client.close({ drainMs: 0 });
    },
  };
}

/** Begins to watch; resolves when it is served. */
export async function watch(target: Target, token?: Token): Promise<Bystander> {
  const faults: string[] = [];
  const fault = (why: string): void => void faults.push(why);
  let last = -1;
  let answers = 0;
  let cameMs = performance.now();
  const came = (n: number): void => {
    if (last >= 0 && n !== last + 1) fault(`${n} after ${last}`);
    const nowMs = performance.now();
    if (last >= 0 && nowMs - cameMs > silenceMsMax) fault(`silent for ${Math.round(nowMs - cameMs)} ms`);
    last = n;
    cameMs = nowMs;
  };
  const feed = target.name === "holdfast" ? followStream(target, token, came, fault) : followTicks(target, came, fault);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: silenceMsMax });
  const asking = setInterval(() => {
    const request = get({ host: "127.0.0.1", port: target.port, path: goodPath(target), agent, localAddress: address }, (response) => {
      if (response.statusCode !== 200) fault(`status ${response.statusCode}`);
      answers++;
      response.resume();
    });
    request.on("error", ({ message }) => fault(message));
    request.on("timeout", () => fault("no answer in time"));
  }, everyMs);
  const deadline = performance.now() + 10_000;
  while (last < 0 || answers === 0) {
    if (performance.now() > deadline) fault("never served");
    if (faults.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    faults,
    stop: async () => {
      clearInterval(asking);
      agent.destroy();
      await feed.stop();
    },
  };
}

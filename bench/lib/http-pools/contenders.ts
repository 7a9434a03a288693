/**
 * Ways to send HTTP requests from Node, each as its users have it. A contender sends and says nothing of its own: what became of connections
 * is counted at the other side, the same for all.
 */
import { Agent, request } from "node:http";
import { httpPool } from "@holdfast/pool";
import { poolAgent } from "@holdfast/pool/agent";
import KeptAgent from "agentkeepalive";
import { Agent as UndiciAgent } from "undici";

export type Method = "GET" | "POST";

export interface Sender {
  /** Resolves when the answer has come to its end; rejects when it failed. */
  send(url: string, method: Method, id: string): Promise<void>;
  close(): Promise<void>;
}

export interface HttpContender {
  readonly name: string;
  readonly ours: boolean;
  open(connections: number): Sender;
}

const body = (method: Method): string | undefined => (method === "POST" ? "x=1" : undefined);

/** One way of node:http, with an agent. */
function throughAgent(agent: Agent, close: () => void): Sender {
  return {
    send: (url, method, id) =>
      new Promise((resolve, reject) => {
        const sent = request(url, { agent, method, headers: { "X-Id": id } }, (response) => {
          response.on("error", reject);
          response.on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
          response.resume();
        });
        sent.on("error", reject);
        sent.end(body(method));
      }),
    close: async () => close(),
  };
}

type Fetch = (
  url: string,
  init: { method: Method; headers: Record<string, string>; body?: string },
) => Promise<{ readonly ok: boolean; readonly status: number; text(): Promise<string> }>;

function throughFetch(fetch: Fetch, close: () => Promise<void>): Sender {
  return {
    async send(url, method, id) {
      const text = body(method);
      const response = await fetch(url, { method, headers: { "X-Id": id }, ...(text === undefined ? {} : { body: text }) });
      await response.text();
      if (!response.ok) throw new Error(`status ${response.status}`);
    },
    close,
  };
}

/** Dispatchers, by undici's `request`. */
function throughDispatcher(dispatcher: UndiciAgent | ReturnType<typeof httpPool>): Sender {
  return {
    async send(url, method, id) {
      const { origin, pathname } = new URL(url);
      const answer = await dispatcher.request({ origin, path: pathname, method, headers: { "X-Id": id }, body: body(method) ?? null });
      await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    },
    close: async () => dispatcher.destroy(null),
  };
}

export const httpContenders: readonly HttpContender[] = [
  { name: "httpPool", ours: true, open: (connections) => throughDispatcher(httpPool({ max: connections })) },
  {
    name: "poolAgent",
    ours: true,
    open: (connections) => {
      const agent = poolAgent({ max: connections });
      return throughAgent(agent.http, () => agent.close());
    },
  },
  { name: "undici", ours: false, open: (connections) => throughDispatcher(new UndiciAgent({ connections })) },
  // The global one keeps its connections for the whole process; they end with it.
  { name: "global fetch", ours: false, open: () => throughFetch(globalThis.fetch as Fetch, async () => undefined) },
  {
    name: "agentkeepalive",
    ours: false,
    open: (connections) => {
      const agent = new KeptAgent({ maxSockets: connections });
      return throughAgent(agent as unknown as Agent, () => agent.destroy());
    },
  },
  {
    name: "Node's Agent, keepAlive",
    ours: false,
    open: (connections) => {
      const agent = new Agent({ keepAlive: true, maxSockets: connections });
      return throughAgent(agent, () => agent.destroy());
    },
  },
];

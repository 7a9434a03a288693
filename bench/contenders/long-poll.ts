/**
 * Long-poll without a library: `node:http` keeps each request until there is something to say, says it and ends the response.
 * It knows one stream and remembers nothing, so it is the floor of what a poll costs, not a rival: who is away misses entries.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, ContenderKind } from "./contender.ts";

async function open(): Promise<Contender> {
  let waiting = new Set<ServerResponse>();
  let wanted = 0;
  const http = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "Content-Type": "application/x-ndjson", "Cache-Control": "no-store" });
    response.flushHeaders();
    response.on("error", () => undefined);
    response.on("close", () => waiting.delete(response));
    waiting.add(response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    links: () => waiting.size,
    send: (payloads) => {
      const text = payloads.map((payload) => `${payload}\n`).join("");
      const answered = waiting;
      waiting = new Set();
      wanted = answered.size;
      for (const response of answered) response.end(text);
    },
    sent: async () => {
      while (waiting.size < wanted) await sleep(1);
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export const longPoll: ContenderKind = { label: "node:http, long-poll", wire: "plain poll", joins: true, open };

/**
 * Server-sent events without a library, as they are usually written: a loop over the open responses of `node:http`.
 * In bursts Node joins what is written to one response in one turn; `sseJoined` hands over one text instead, which is the best
 * that its public interface allows.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Contender, type ContenderKind, turn } from "./contender.ts";

type Send = (response: ServerResponse, payloads: readonly Buffer[], lastId: number) => void;

const sendEach: Send = (response, payloads, lastId) => {
  for (const [i, payload] of payloads.entries()) response.write(`id: ${lastId + i + 1}\ndata: ${payload}\n\n`);
};

/** The text is made once for all responses, which a loop over clients must take care of itself. */
function sendJoined(): Send {
  let made = 0;
  let text = "";
  return (response, payloads, lastId) => {
    if (made !== lastId + payloads.length) text = payloads.map((payload, i) => `id: ${lastId + i + 1}\ndata: ${payload}\n\n`).join("");
    made = lastId + payloads.length;
    response.write(text);
  };
}

async function open(send: Send): Promise<Contender> {
  const responses = new Set<ServerResponse>();
  let lastId = 0;
  const http = createServer((request, response) => {
    request.socket.setNoDelay(true);
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.flushHeaders();
    response.on("error", () => undefined);
    response.on("close", () => responses.delete(response));
    responses.add(response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    links: () => responses.size,
    send: (payloads) => {
      for (const response of responses) send(response, payloads, lastId);
      lastId += payloads.length;
    },
    sent: turn,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const wire = "plain EventSource";

export const sse: ContenderKind = { label: "node:http, res.write", wire, joins: true, open: () => open(sendEach) };
export const sseJoined: ContenderKind = { label: "node:http, one joined res.write", wire, joins: true, open: () => open(sendJoined()) };

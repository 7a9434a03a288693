/**
 * A hop between clients and a server that reads what it carries: it can swallow or change single messages of links and pages of the log,
 * in ways that no client can notice. A verification that does not find what it did is worth nothing.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** What is done to what the server sends. Null swallows a message. */
export interface Tricks {
  /** `link` is another object for each link. */
  message?(text: string, link: object): string | null;
  page?(text: string, path: string): string;
}

export interface Middleman {
  readonly url: string;
  close(): Promise<void>;
}

export async function openMiddleman(target: string, tricks: Tricks): Promise<Middleman> {
  const links = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => "holdfast.v1" });
  const sockets = new Set<WebSocket>();
  const server = createServer((request, response) => {
    void (async () => {
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk as Buffer);
      const headers = Object.entries(request.headers).filter(([name]) => /^(content-type|holdfast-.*)$/.test(name)) as [string, string][];
      const init = { method: request.method ?? "GET", headers, ...(body.length === 0 ? {} : { body: Buffer.concat(body) }) };
      const answer = await fetch(target + request.url, init);
      const text = await answer.text();
      const isPage = request.method === "GET" && answer.ok;
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
      response.end(isPage ? (tricks.page?.(text, request.url ?? "") ?? text) : text);
    })().catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => {
    links.handleUpgrade(request, socket, head, (near) => {
      const far = new WebSocket(`${target.replace(/^http/, "ws")}${request.url}`, ["holdfast.v1"], { perMessageDeflate: false });
      const waiting: string[] = [];
      for (const each of [near, far]) {
        sockets.add(each);
        each.on("error", () => {});
      }
      near.on("message", (data) => (far.readyState === WebSocket.OPEN ? far.send(String(data)) : waiting.push(String(data))));
      far.on("open", () => {
        for (const text of waiting) far.send(text);
      });
      far.on("message", (data) => {
        const text = tricks.message === undefined ? String(data) : tricks.message(String(data), near);
        if (text !== null) near.send(text);
      });
      near.on("close", () => far.terminate());
      far.on("close", () => near.terminate());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * A plain `node:http` and `ws` service, as somebody might have written it, with or without the one line that guards it.
 * Its logs are what such a service would log of ends and refusals.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { cidrList, forwardedReader, type Guard, guard } from "@holdfast/guard";
import { WebSocketServer } from "ws";
import { answerCalls } from "../../../bench/lib/child.ts";
import { type Certificates, certificates } from "../../../scripts/test-support/certificates.ts";
import { type Counts, type SubjectCalls, trustedProxy } from "./calls.ts";

const tickMs = 25;
/** One for all: what it costs a server that nobody reads it is to be what the server makes of it. */
const big = Buffer.alloc(20_000_000, 120);

function readBody(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on("end", () => response.end(`${bytes} bytes`));
  request.on("error", () => {}); // The client left, or was ended.
}

const clientOf = forwardedReader({ header: "x-forwarded-for", trusted: cidrList([trustedProxy]) });

const answer: RequestListener = (request, response) => {
  switch (request.url?.split("?")[0]) {
    case "/":
      response.end("hello");
      return;
    case "/body":
      readBody(request, response);
      return;
    case "/early":
      response.write("begun");
      request.resume();
      request.on("end", () => response.end());
      request.on("error", () => {});
      return;
    case "/big":
      response.end(big);
      return;
    case "/events":
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: hello\n\n");
      return;
    case "/who":
      response.end(clientOf({ peer: request.socket.remoteAddress, rawHeaders: request.rawHeaders }).address);
      return;
    case "/subject":
      response.statusCode = made?.setSubject(request.socket, "the same") === false ? 429 : 200;
      if (response.statusCode === 429) response.setHeader("Connection", "close");
      response.end();
      return;
    default:
      response.statusCode = 404;
      response.end();
  }
};

const server = createServer(answer);
const behindProxy = createServer(answer);
const secure = createServer(answer);
const proxied = { proxyProtocol: "v1-or-v2", proxyTrusted: ["127.0.0.1"], proxyHeaderMs: 800 } as const;

async function listen(listener: Server): Promise<number> {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return (listener.address() as AddressInfo).port;
}

const sockets = new WebSocketServer({ server, path: "/socket", maxPayload: 65_536 });
sockets.on("connection", (socket) => {
  let n = 0;
  const ticking = setInterval(() => socket.send(String(n++)), tickMs);
  socket.on("message", (data) => socket.send(`echo ${String(data)}`));
  socket.on("error", () => {}); // `ws` has answered what was wrong.
  socket.on("close", () => clearInterval(ticking));
});

let made: Guard | null = null;

let folder: Certificates | null = null;

function attachSecure(guarded: Guard): void {
  folder = certificates();
  const { certFile, keyFile } = folder.make("hostile");
  guarded.attach(secure, {}, { listener: "secure", tls: { certFile, keyFile, handshakeMs: 800, alpn: ["http/1.1"] } });
}

const calls: SubjectCalls = {
  open: async ({ isGuarded, hasOpenssl, guardOptions }) => {
    const isSecure = isGuarded && hasOpenssl;
    if (isGuarded) {
      made = guard(server, guardOptions, {
        ended: (row, ending) => console.log(JSON.stringify({ event: "ended", ...ending, row })),
        refused: (refused) => console.log(JSON.stringify({ event: "refused", ...refused })),
        warning: (message) => console.log(JSON.stringify({ event: "warning", message })),
      });
      made.webSockets(sockets);
      made.attach(behindProxy, {}, { listener: "proxied", proxied });
      if (isSecure) attachSecure(made);
    }
    return { port: await listen(server), proxiedPort: isGuarded ? await listen(behindProxy) : 0, securePort: isSecure ? await listen(secure) : 0 };
  },
  counts: (): Counts => ({
    refused: Object.fromEntries(made?.counters.refused ?? []),
    ended: Object.fromEntries(made?.counters.ended ?? []),
    open: made?.connections().length ?? 0,
  }),
  // Nobody is asked for a token here.
  revoke: () => 0,
  collect: () => globalThis.gc?.(),
};

answerCalls(calls, () => {
  for (const each of [server, behindProxy, secure]) each.closeAllConnections();
  folder?.[Symbol.dispose]();
});

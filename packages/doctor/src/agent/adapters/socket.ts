/**
 * The agent's WebSocket: says hello first, then does what it is told: be silent, send, ping, echo, close. It answers pings by nature and
 * sends nothing of its own, so that whatever else moves on the connection is a hop's.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { commandOf } from "../ask.ts";
import { type AgentCommand, type AgentHello, type AgentMessage, agentProtocol } from "../wire.ts";
import type { Connections } from "./connections.ts";
import { Held, type Shared } from "./held.ts";

/** What a frame counts for beside its body: one without a body costs memory all the same, here and in its answer. */
const frameBytes = 64;
const closeHandshakeMs = 3_000;
/** Of the range for private use. */
const cutCode = 4_000;

export interface AgentSockets {
  /** The place in the budget was taken before. */
  take(request: IncomingMessage, socket: Socket, head: Buffer, hello: AgentHello): void;
  close(): void;
}

export function agentSockets(shared: Shared, connections: Connections): AgentSockets {
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: shared.options.eventBytesMax,
    closeTimeout: closeHandshakeMs,
    handleProtocols: (offered) => (offered.has(agentProtocol) ? agentProtocol : false),
  };
  const server = new WebSocketServer(options);
  return {
    take: (request, socket, head, hello) => {
      // The handshake may fail; then nothing but its end is heard.
      const lost = (): void => shared.budget.leave();
      socket.once("close", lost);
      server.handleUpgrade(request, socket, head, (ws) => {
        socket.off("close", lost);
        serve(shared, ws, hello, protocolsOf(request), (isClosing) => connections.becomes(request, isClosing));
      });
    },
    close: () => server.close(),
  };
}

const protocolsOf = ({ headers }: IncomingMessage): string[] => headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];

function serve(shared: Shared, ws: WebSocket, hello: AgentHello, protocols: readonly string[], becomes: (isClosing: () => boolean) => void): void {
  let closesItself = false;
  const held = new Held(shared, hello.connId, (code) => {
    closesItself = true;
    if (code === "agent_slow_reader") ws.terminate();
    else ws.close(cutCode, code ?? "agent_leaves");
  });
  becomes(() => !closesItself && ws.readyState !== ws.OPEN);
  ws.on("error", () => ws.terminate());
  ws.on("close", () => held.release());
  // What is answered without being asked waits too for who does not read.
  const framed = (body: Buffer): void => {
    if (held.moved(frameBytes + body.length)) held.waiting(ws.bufferedAmount);
  };
  for (const event of ["ping", "pong"] as const) ws.on(event, framed);
  const say = (message: AgentMessage): void => {
    const text = JSON.stringify(message);
    if (!held.moved(text.length)) return;
    ws.send(text);
    held.waiting(ws.bufferedAmount);
  };
  const obey = (command: AgentCommand): void => {
    let seq = 0;
    switch (command.do) {
      case "silent":
        return held.every(0, null);
      case "echo":
        return say({ is: "echo", seq, at: Date.now() });
      case "ping":
        return held.every(command.everyMs, () => held.moved(0) && ws.ping());
      case "send":
        return held.every(command.everyMs, () => {
          say({ is: "tick", seq: ++seq, at: Date.now() });
          if (seq === command.count) held.every(0, null);
        });
      case "close":
        return held.end(null);
      default:
        return command satisfies never;
    }
  };
  ws.on("message", (data, isBinary) => {
    const text = String(data);
    if (!held.moved(frameBytes + text.length)) return;
    const command = isBinary ? null : commandOf(text, shared.options);
    if (command !== null) return obey(command);
    shared.budget.refuse("agent_bad_request");
    say({ is: "refused", code: "agent_bad_request" });
  });
  say({ is: "hello", protocols, ...hello });
}

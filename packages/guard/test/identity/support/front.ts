/** Servers behind an intake, and raw clients that send them exact bytes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import type { RefusedConnection } from "../../../src/identity/adapters/accept-proxied.ts";
import { type ProxiedListener, proxiedListener } from "../../../src/identity/adapters/proxied-listener.ts";
import type { ConnectionFacts } from "../../../src/identity/adapters/shown-address.ts";
import type { ProxiedListenerOptions } from "../../../src/identity/options.ts";

export interface Front extends AsyncDisposable {
  readonly port: number;
  readonly listener: ProxiedListener;
  readonly accepted: ConnectionFacts[];
  readonly refused: RefusedConnection[];
}

/** Listens with an intake in front; trusts loopback unless told otherwise. */
export async function openFront(server: Server, options: ProxiedListenerOptions, at: { readonly host?: string; readonly path?: string } = {}): Promise<Front> {
  const accepted: ConnectionFacts[] = [];
  const refused: RefusedConnection[] = [];
  const sockets = new Set<Socket>();
  const listener = proxiedListener(
    server,
    { proxyTrusted: ["127.0.0.0/8"], ...options },
    {
      accepted: (socket, facts) => {
        accepted.push(facts);
        sockets.add(socket);
      },
      refused: (refusal) => {
        refused.push(refusal);
      },
    },
  );
  server.on("error", () => {});
  server.listen(at.path === undefined ? { port: 0, host: at.host ?? "127.0.0.1" } : { path: at.path });
  await once(server, "listening");
  return {
    port: at.path === undefined ? (server.address() as AddressInfo).port : 0,
    listener,
    accepted,
    refused,
    [Symbol.asyncDispose]: async () => {
      listener.detach();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export interface Sent {
  /** All that came back. */
  readonly answer: string;
  /** How it ended for the client. */
  readonly how: "fin" | "reset";
}

/** Sends pieces one after the other and waits until the other side has closed. */
export async function send(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  options: { readonly end?: boolean; readonly localAddress?: string } = {},
): Promise<Sent> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: options.localAddress ?? "127.0.0.1", noDelay: true, allowHalfOpen: true });
  let answer = "";
  let how: Sent["how"] = "fin";
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
  });
  socket.on("error", () => {
    how = "reset";
  });
  socket.on("end", () => socket.end());
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await new Promise((resolve) => setImmediate(resolve));
    if (socket.writable) socket.write(piece);
  }
  if (options.end) socket.end();
  await closed;
  return { answer, how };
}

/** Waits for a fact, by asking again; generous, because machines are shared. */
export async function until(what: string, fact: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact()) {
    assert.ok(performance.now() < deadline, `not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Sockets that this process has open, by their descriptors. */
export const openSockets = (): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;

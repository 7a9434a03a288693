/**
 * A listener with a TLS front whose clock the test moves, and clients of it. Secure sockets echo what they get.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { Pair } from "../../../../scripts/test-support/certificates.ts";
import { nodeEnv } from "../../src/adapters/env.ts";
import type { TlsFacts } from "../../src/connection.ts";
import { tlsFront } from "../../src/tls/adapters/tls-front.ts";
import type { TlsFrontSettings } from "../../src/tls/options.ts";
import type { TlsFailure, TlsFront, TlsNotice } from "../../src/tls/tls-front.ts";

const untilMsMax = 10_000;

/** Polls until a fact holds. */
export async function until(what: string, fact: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + untilMsMax;
  while (!(await fact())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${untilMsMax} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface TestClock {
  mono: number;
  wall: number;
}

export interface TlsListener extends AsyncDisposable {
  readonly port: number;
  readonly front: TlsFront;
  readonly clock: TestClock;
  readonly secure: { readonly socket: TLSSocket; readonly facts: TlsFacts; readonly raw: Socket }[];
  readonly failures: TlsFailure[];
  readonly notices: TlsNotice[];
  /** Moves the wall clock by so many rotations, and lets the front see it. */
  rotate(times: number): void;
  /** Raw connections that are open. */
  connections(): Promise<number>;
}

export const rotateMs = 1_000_000;
/** In the middle of a period. */
export const startWallMs = 1_000.5 * rotateMs;
export const secret = "a secret that all of the nodes share";

export interface ListenerOptions extends Partial<TlsFrontSettings> {
  readonly wallMs?: number;
  readonly serve?: (socket: TLSSocket) => void;
}

/** Sends back what comes, and ends when the peer does. */
const echo = (socket: TLSSocket): void => {
  socket.on("error", () => undefined);
  socket.pipe(socket);
};

export async function tlsListener(pair: Pair, { wallMs = startWallMs, serve = echo, ...settings }: ListenerOptions = {}): Promise<TlsListener> {
  const clock: TestClock = { mono: 0, wall: wallMs };
  const [secure, failures, notices]: [TlsListener["secure"], TlsFailure[], TlsNotice[]] = [[], [], []];
  const front = tlsFront(
    { certFile: pair.certFile, keyFile: pair.keyFile, ticketSecret: secret, ticketRotateMs: rotateMs, ...settings },
    {
      secure: (socket, facts, raw) => {
        secure.push({ socket, facts, raw });
        serve(socket);
      },
      failed: (_, failure) => failures.push(failure),
      said: (notice) => notices.push(notice),
    },
    { clock: { monoMs: () => clock.mono, wallMs: () => clock.wall }, rng: nodeEnv.rng },
  );
  const server = createServer((raw) => front.accept(raw)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    ...{ front, clock, secure, failures, notices },
    rotate: (times) => {
      clock.wall += times * rotateMs;
      front.check(clock.mono);
    },
    connections: () => new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))),
    [Symbol.asyncDispose]: async () => {
      front.close();
      for (const { socket } of secure) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export interface Dialled {
  readonly socket: TLSSocket;
  readonly resumed: boolean;
  /** What the next connection can resume from. */
  readonly session: Buffer;
}

export const versions = ["TLSv1.2", "TLSv1.3"] as const;
export type Version = (typeof versions)[number];

/** Connects, says a word and hears it back, which in TLS 1.3 is also how a ticket gets here. */
export async function dial(port: number, pair: Pair, options: ConnectionOptions = {}): Promise<Dialled> {
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: pair.cert, ...options });
  const sessions: Buffer[] = [];
  socket.on("session", (session) => sessions.push(session));
  await once(socket, "secureConnect");
  await say(socket, "word");
  const resumed = socket.isSessionReused();
  // A resumed session of TLS 1.2 brings no new ticket.
  const [session = socket.getSession()] = sessions;
  if (session === undefined) throw new Error("no session");
  return { socket, resumed, session };
}

/** Sends a text to an echo and waits until it has come back. */
export async function say(socket: Socket, text: string): Promise<void> {
  let heard = "";
  const done = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      heard += String(chunk);
      if (heard.length < text.length) return;
      socket.off("data", take);
      socket.off("close", lost);
      resolve();
    };
    const lost = (): void => reject(new Error(`the connection ended before "${text}" came back`));
    socket.on("data", take);
    socket.on("close", lost);
  });
  socket.write(text);
  await done;
}

/** Connects as `dial` does, and ends the connection. */
export async function visit(port: number, pair: Pair, options: ConnectionOptions = {}): Promise<Dialled> {
  const dialled = await dial(port, pair, options);
  dialled.socket.end();
  await once(dialled.socket, "close");
  return dialled;
}

export const only = (version: Version): ConnectionOptions => ({ minVersion: version, maxVersion: version });

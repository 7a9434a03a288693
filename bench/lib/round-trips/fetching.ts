/**
 * Fetches so many small files as one cell says: one after the other on each connection over HTTP/1.1, all at once over HTTP/2, on kept
 * connections or on one for each file. Node's own clients, so that what is measured is the way and nothing of ours.
 */
import { Agent, type AgentOptions, type RequestOptions, request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, type SecureClientSessionOptions } from "node:http2";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import type { Cell } from "./cells.ts";

export interface Way {
  readonly port: number;
  readonly ca: string;
  /** Offered with every connection; undefined for whole handshakes. */
  readonly session: Buffer | undefined;
}

/** What a client could see of its connections: to be compared with what the cell says. */
export interface Seen {
  readonly files: number;
  readonly bytes: number;
  readonly versions: readonly string[];
  readonly resumed: number;
}

interface Tally {
  files: number;
  bytes: number;
  resumed: number;
  readonly versions: Set<string>;
}

const host = "127.0.0.1";

export async function fetchFiles(cell: Cell, way: Way, files: number): Promise<Seen> {
  const tally: Tally = { files: 0, bytes: 0, resumed: 0, versions: new Set() };
  const left = { count: files };
  const lanes = Array.from({ length: Math.min(cell.connections, files) }, () =>
    cell.protocol === "HTTP/1.1" ? lane1(cell, way, left, tally) : lane2(cell, way, left, tally, files),
  );
  await Promise.all(lanes);
  return { ...tally, versions: [...tally.versions] };
}

function note(socket: Socket, tally: Tally): void {
  if (!(socket instanceof TLSSocket)) return;
  tally.versions.add(socket.getProtocol() ?? "unknown");
  if (socket.isSessionReused()) tally.resumed++;
}

/** One request at a time. */
async function lane1({ keepAlive, security }: Cell, way: Way, left: { count: number }, tally: Tally): Promise<void> {
  const isSecure = security.version !== null;
  // Sessions are given or not, never found: an agent that remembers them would turn whole handshakes into short ones.
  const options: AgentOptions & { maxCachedSessions: number } = { keepAlive, maxSockets: 1, maxCachedSessions: 0 };
  const agent = isSecure ? new SecureAgent(options) : new Agent(options);
  const known = new WeakSet<Socket>();
  try {
    while (left.count-- > 0) {
      const asked: RequestOptions & { ca?: string; session?: Buffer } = { host, port: way.port, path: "/file", agent };
      if (isSecure) Object.assign(asked, { ca: way.ca, ...(way.session === undefined ? {} : { session: way.session }) });
      await new Promise<void>((resolve, reject) => {
        const outgoing = (isSecure ? secureRequest : request)(asked, (response) => {
          if (!known.has(response.socket)) note(response.socket, tally);
          known.add(response.socket);
          response.on("data", (chunk: Buffer) => (tally.bytes += chunk.length));
          response.on("error", reject).on("end", () => {
            tally.files++;
            resolve();
          });
        });
        outgoing.on("error", reject).end();
      });
    }
  } finally {
    agent.destroy();
  }
}

/** A session for all of a lane's files, asked for at once, or one session for each. */
async function lane2({ keepAlive, connections }: Cell, way: Way, left: { count: number }, tally: Tally, files: number): Promise<void> {
  const share = keepAlive ? Math.ceil(files / connections) : 1;
  while (left.count > 0) {
    const count = Math.min(share, left.count);
    left.count -= count;
    const session = await openSession(way, tally);
    try {
      await Promise.all(Array.from({ length: count }, () => get2(session, tally)));
    } finally {
      session.destroy();
    }
  }
}

/** The session is there before its connection is: requests that are made now leave as soon as they can. */
async function openSession({ port, ca, session }: Way, tally: Tally): Promise<ClientHttp2Session> {
  const secure: SecureClientSessionOptions = { ca, ...(session === undefined ? {} : { session }) };
  const opened = ca === "" ? connectHttp2(`http://${host}:${port}`) : connectHttp2(`https://${host}:${port}`, secure);
  opened.on("error", () => {}); // Each of its requests tells it too.
  opened.once("connect", (_, socket) => note(socket as Socket, tally));
  return opened;
}

function get2(session: ClientHttp2Session, tally: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": "/file" });
    stream.on("data", (chunk: Buffer) => (tally.bytes += chunk.length));
    stream.on("error", reject).on("end", () => {
      tally.files++;
      resolve();
    });
    stream.end();
  });
}

/** A session to be resumed. Over TLS 1.3 it comes behind the handshake. */
export function learnSession(port: number, ca: string, alpn: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ca, ALPNProtocols: [alpn] });
    const timer = setTimeout(() => socket.destroy(new Error("no session in 10 s")), 10_000);
    socket.once("session", (session) => {
      clearTimeout(timer);
      resolve(session);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

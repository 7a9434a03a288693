/**
 * The clients of tls-memory: sockets that upgrade, and then say nothing. They resume the first one's session, as clients do that come back.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { subprotocol } from "@holdfast/protocol";
import { answerCalls } from "../lib/child.ts";
import { maskedText, upgradeRequest } from "../lib/frames.ts";
import { openMany } from "../lib/light-link.ts";

export interface ConnectRequest {
  readonly port: number;
  readonly links: number;
  /** The certificate to trust; null for plain connections. */
  readonly ca: string | null;
  /** Whether the server is Holdfast, to which a client says hello. */
  readonly isHoldfast: boolean;
}

const linksAtOnce = 32;
/** Loopback source addresses are dealt in turn: one address has only some 28,000 ports. */
const sourceAddresses = 8;

let open: Socket[] = [];
let session: Buffer | undefined;

async function upgraded({ port, ca, isHoldfast }: ConnectRequest, index: number): Promise<Socket> {
  const target = { host: "127.0.0.1", port, localAddress: `127.0.0.${1 + (index % sourceAddresses)}` };
  const raw = connect(target);
  const socket = ca === null ? raw : connectTls({ socket: raw, servername: "localhost", ca, ...(session === undefined ? {} : { session }) });
  socket.on("session", (ticket: Buffer) => {
    session ??= ticket;
  });
  await once(socket, ca === null ? "connect" : "secureConnect");
  socket.write(isHoldfast ? upgradeRequest("/v1/link", "localhost", subprotocol) : upgradeRequest("/", "localhost", null));
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (!answer.toString("latin1").startsWith("HTTP/1.1 101")) throw new Error(`the server answered ${answer.toString("latin1").slice(0, 80)}`);
  socket.on("error", () => undefined);
  if (isHoldfast) socket.write(maskedText('{"type":"hello","protocol":1}'));
  return socket.resume();
}

const calls = {
  connect: async (request: ConnectRequest) => {
    open = await openMany(request.links, linksAtOnce, (index) => upgraded(request, index));
  },
  disconnect: () => {
    for (const socket of open) socket.destroy();
    open = [];
  },
};

export type TlsMemoryClientsCalls = typeof calls;

answerCalls(calls, () => calls.disconnect());

/**
 * Origins that end kept connections at bad moments, over bare sockets so that each moment is exact. They count what they carried out, by the
 * id of the request: one that is carried out twice is seen.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** When a connection ends. */
export interface Ending {
  readonly name: string;
  /** Said in each answer, in whole seconds; null: nothing is said. */
  readonly hintSeconds: number | null;
  /** Idle time after which it ends; null: it stays. */
  readonly idleMs: number | null;
  /** Answers after which it ends, unannounced; null: never. */
  readonly afterAnswers: number | null;
  /** Each n-th request of a connection is carried out and not answered: the connection ends; null: none. */
  readonly dropsEach: number | null;
}

export interface HostileOrigin {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  /** Ids of POSTs that were carried out more than once. */
  readonly twice: readonly string[];
  close(): Promise<void>;
}

const hello = "hello";

export async function hostileOrigin({ hintSeconds, idleMs, afterAnswers, dropsEach }: Ending): Promise<HostileOrigin> {
  const sockets = new Set<Socket>();
  const posts = new Map<string, number>();
  const counts = { connections: 0, requests: 0 };
  const hint = hintSeconds === null ? "" : `Keep-Alive: timeout=${hintSeconds}\r\n`;
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${hello.length}\r\nConnection: keep-alive\r\n${hint}\r\n${hello}`;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    counts.connections++;
    let text = "";
    let carried = 0;
    let idle: NodeJS.Timeout | undefined;
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(idle);
      sockets.delete(socket);
    });
    socket.on("data", (part: string) => {
      clearTimeout(idle);
      text += part;
      for (let request = firstRequest(text); request !== null; request = firstRequest(text)) {
        text = text.slice(request.length);
        counts.requests++;
        carried++;
        if (request.id !== null) posts.set(request.id, (posts.get(request.id) ?? 0) + 1);
        if (dropsEach !== null && carried % dropsEach === 0) {
          socket.destroy();
          return;
        }
        socket.write(answer);
        if (afterAnswers !== null && carried >= afterAnswers) {
          socket.end();
          return;
        }
      }
      if (idleMs !== null) idle = setTimeout(() => socket.end(), idleMs);
    });
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return counts.connections;
    },
    get requests() {
      return counts.requests;
    },
    get twice() {
      return [...posts].filter(([, times]) => times > 1).map(([id]) => id);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The first whole request of a text, with its id when it is a POST. */
function firstRequest(text: string): { readonly length: number; readonly id: string | null } | null {
  const at = text.indexOf("\r\n\r\n");
  if (at < 0) return null;
  const head = text.slice(0, at);
  const length = at + 4 + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  if (text.length < length) return null;
  return { length, id: head.startsWith("POST") ? (/^x-id: (\S+)/im.exec(head)?.[1] ?? "") : null };
}

/**
 * What has to be known of one `pg` client beyond its public API: whether it is between two statements, and that its socket is closed. The
 * fields that are read here are the driver's own; nothing of them is ever written.
 */
import type { Socket } from "node:net";
import pg, { type PoolClient } from "pg";
import type { PoolEnd } from "../../ends.ts";
import { endOfSocket, isSystemCode } from "../../socket-end.ts";

/** As `pg` 8 has it. */
interface Inside {
  readonly readyForQuery?: boolean;
  readonly _queryable?: boolean;
  readonly _ended?: boolean;
  readonly processID?: number | null;
  readonly secretKey?: unknown;
  readonly host: string;
  readonly port: number;
  readonly ssl: unknown;
  readonly connection?: { readonly stream?: Socket };
}

const inside = (client: PoolClient): Inside => client as unknown as Inside;

/** Whether the server has answered everything, so that the status of the transaction is the present one. */
export const isSettled = (client: PoolClient): boolean => inside(client).readyForQuery === true;

/** Whether its connection was lost, or has ended. */
export const isDead = (client: PoolClient): boolean => {
  const { _queryable, _ended, connection } = inside(client);
  return _queryable === false || _ended === true || connection?.stream?.destroyed === true;
};

/** The process that the server named at the log-in. A pooler names one of its own. */
export const namedProcess = (client: PoolClient): number | null => inside(client).processID ?? null;

/** Ends the socket without a word. */
export const destroySocket = (client: PoolClient): void => {
  inside(client).connection?.stream?.destroy();
};

/** Resolves when the server has answered everything; false when it was lost before. */
export function settled(client: PoolClient): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (is: boolean): void => {
      client.removeListener("drain", answered);
      client.removeListener("end", ended);
      resolve(is);
    };
    const answered = (): void => done(true);
    const ended = (): void => done(false);
    client.on("drain", answered);
    client.on("end", ended);
  });
}

/** A connection as `pg` speaks over it: what its types leave out. */
interface Wire extends pg.Connection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(process: number, key: unknown): void;
}

/**
 * Asks the server to stop what the client is waiting for, over a connection of its own, as the protocol has it. A server does not count that
 * one. Whether it helped shows in the client. Returns what ends the asking.
 */
export function cancelStatement(client: PoolClient): () => void {
  const { processID, secretKey, host, port, ssl } = inside(client);
  if (typeof processID !== "number") return () => undefined;
  const wire = new pg.Connection({ ssl } as pg.ConnectionConfig) as Wire;
  const ask = (): void => wire.cancel(processID, secretKey);
  wire.on("error", () => undefined);
  wire.once("connect", () => (ssl ? wire.requestSsl() : ask()));
  wire.once("sslconnect", ask);
  if (host.startsWith("/")) wire.connect(`${host}/.s.PGSQL.${port}`);
  else wire.connect(port, host);
  return () => wire.stream.destroy();
}

/** Why a connection ended by itself, as its error says. */
export function endOf(error: Error & { readonly code?: string }): PoolEnd {
  const { code } = error;
  if (code === "57P05") return "server_idle_limit";
  return endOfSocket(code !== undefined && isSystemCode(code) ? code : undefined);
}

/**
 * What has to be known of one `mysql2` connection beyond its public API: whether it is between two statements, and its socket. Statements
 * are watched on their way: one that is not answered in time ends the connection, and a transaction that is left open is noticed.
 */
import type { Socket } from "node:net";
import type { Clock, Timer } from "@holdfast/protocol";
import type { PoolConnection } from "mysql2";
import type { PoolEnd } from "../../ends.ts";
import { PoolError } from "../../pool-error.ts";
import { endOfSocket, isSystemCode } from "../../socket-end.ts";

/** As `mysql2` 3 has it. */
interface Inside {
  readonly _command?: unknown;
  readonly stream: Socket;
  _pool: unknown;
  _released: boolean;
  _removeFromPool(): void;
  _realEnd(callback?: () => void): void;
  query(...args: unknown[]): Command;
  execute(...args: unknown[]): Command;
}

interface Command {
  onResult?: ((error: unknown, result: unknown, ...rest: unknown[]) => void) | undefined;
  once(event: "end" | "error", listener: () => void): unknown;
}

const inside = (connection: PoolConnection): Inside => connection as unknown as Inside;

export const isBusy = (connection: PoolConnection): boolean => Boolean(inside(connection)._command);

export const socketOf = (connection: PoolConnection): Socket => inside(connection).stream;

/** Whether the inner pool has let go of it: it failed, or its borrower destroyed it. */
export const isLetGo = (connection: PoolConnection): boolean => inside(connection)._pool === null;

/** The driver ignores a second release. What is lent again may be released again. */
export const markLent = (connection: PoolConnection): void => {
  inside(connection)._released = false;
};

/** Says goodbye; the server closes the socket. */
export function quit(connection: PoolConnection): void {
  inside(connection)._removeFromPool();
  inside(connection)._realEnd();
}

/** Resolves when everything asked before is answered. Rejects when the connection is lost first. */
export const answered = (connection: PoolConnection): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.ping((error) => (error ? reject(error) : resolve()));
  });

export interface Watched {
  /** A transaction is open, or `autocommit` is off: as the server said last, or as the statement that was sent says meanwhile. */
  inTransaction: boolean;
  /** A statement failed since, and with an error the server does not say whether the transaction is over too. */
  isUnsure: boolean;
}

/** Watches the statements of one connection. `limitMs` null: none is limited. */
export function watchStatements(connection: PoolConnection, limitMs: number | null, clock: Clock): Watched {
  const watched: Watched = { inTransaction: false, isUnsure: false };
  const it = inside(connection);
  const timers = new Set<Timer>();
  it.stream.once("close", () => {
    for (const timer of timers) timer.cancel();
  });
  for (const name of ["query", "execute"] as const) {
    const run = it[name];
    it[name] = (...args) => {
      const command = run.apply(it, args);
      note(watched, args[0]);
      listen(watched, command);
      if (limitMs === null) return command;
      const timer = clock.after(limitMs, () => {
        it.stream.destroy(new PoolError("connection_lost", `No answer within ${limitMs} ms`, { outcome: "unknown" }));
      });
      timers.add(timer);
      command.once("end", () => {
        timer.cancel();
        timers.delete(timer);
      });
      return command;
    };
  }
  return watched;
}

function note(watched: Watched, statement: unknown): void {
  const sql = typeof statement === "string" ? statement : (statement as { readonly sql?: unknown } | null)?.sql;
  if (typeof sql !== "string") return;
  if (/^\s*(begin|start\s+transaction)\b|^\s*set\b.*\bautocommit\s*:?=\s*(0|off|false)\b/is.test(sql)) watched.inTransaction = true;
  else if (/^\s*(commit|rollback(?!\s+(work\s+)?to\b)|set\s+(session\s+)?autocommit\s*=\s*(1|on|true))\b/i.test(sql)) watched.inTransaction = false;
}

/** SERVER_STATUS_IN_TRANS and SERVER_STATUS_AUTOCOMMIT of the protocol. */
const [inTrans, autocommit] = [1, 2];

/** The server's word comes with each answer that is no set of rows: after a deadlock, or a statement that commits by itself, it is over. */
function listen(watched: Watched, command: Command): void {
  const { onResult } = command;
  if (onResult === undefined) return;
  command.onResult = (error, result, ...rest) => {
    const last: unknown = Array.isArray(result) ? result.at(-1) : result;
    if (error) watched.isUnsure = true;
    else if (last?.constructor?.name === "ResultSetHeader") {
      const status = Number((last as { readonly serverStatus?: unknown }).serverStatus);
      watched.inTransaction = (status & inTrans) !== 0 || (watched.inTransaction && (status & autocommit) === 0);
      watched.isUnsure = false;
    }
    onResult(error, result, ...rest);
  };
}

/** Why a connection ended by itself, as its error says. */
export function endOf(error: NodeJS.ErrnoException & { readonly errno?: number }): PoolEnd {
  // ER_CLIENT_INTERACTION_TIMEOUT of MySQL: `wait_timeout` is over. MariaDB says nothing.
  if (error.errno === 4031) return "server_idle_limit";
  const { code } = error;
  if (code === "connection_lost") return "network_lost";
  return endOfSocket(code !== undefined && isSystemCode(code) ? code : undefined);
}

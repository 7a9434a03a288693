/**
 * PostgreSQL, MariaDB and PgBouncer for a test, each on a free port in a temporary folder, without syncing anything to disk.
 *
 *     await using postgres = await startPostgres({ connectionsMax: 30 });
 *     new pg.Client({ ...postgres.address, user: "app" });
 *
 * Every user is trusted, and only the loopback interface is listened on. Requires `needs("postgres", "proc")` and its siblings.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mysql from "mysql2/promise";
import pg from "pg";
import { freePort, prepare, ServerProcess, serverFolder } from "./database-process.ts";

/** Where a client connects. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** A server that runs. */
export interface TestDatabase extends AsyncDisposable {
  readonly address: DatabaseAddress;
  readonly process: ServerProcess;
  /** Runs a statement as the administrator, who has a connection beyond those of the users. */
  admin(sql: string): Promise<Record<string, unknown>[]>;
}

export interface PostgresOptions {
  /** `max_connections`. Of these `reserved` are the administrator's alone. */
  readonly connectionsMax?: number;
  readonly reserved?: number;
  /** More settings, as `name=value`. */
  readonly settings?: readonly string[];
}

const host = "127.0.0.1";

/** Administrator `postgres`, user `app`, database `app`. */
export async function startPostgres({ connectionsMax = 100, reserved = 3, settings = [] }: PostgresOptions = {}): Promise<TestDatabase> {
  const programs = postgresPrograms();
  const folder = serverFolder("postgres");
  const data = join(folder, "data");
  prepare(join(programs, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"], folder);
  const port = await freePort();
  const all = [
    `listen_addresses=${host}`,
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    `max_connections=${connectionsMax}`,
    `superuser_reserved_connections=${reserved}`,
    ...["fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0"],
    ...["shared_buffers=16MB", "autovacuum=off", "jit=off", "log_connections=on", "log_disconnections=on"],
    ...settings,
  ];
  const process = new ServerProcess({
    name: "PostgreSQL",
    program: join(programs, "postgres"),
    args: ["-D", data, ...all.flatMap((setting) => ["-c", setting])],
    folder,
    readyLine: "database system is ready to accept connections",
    stopSignal: "SIGINT",
  });
  await process.start();
  const adminIn = async (database: string, sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ host, port, database, user: "postgres" });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  await adminIn("postgres", "CREATE ROLE app LOGIN");
  await adminIn("postgres", "CREATE DATABASE app OWNER app");
  return {
    address: { host, port, database: "app" },
    process,
    admin: (sql) => adminIn("app", sql),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

export interface MariadbOptions {
  /** `max_connections`; MariaDB keeps one more for the administrator. */
  readonly connectionsMax?: number;
  /** More settings, as `name=value`. */
  readonly settings?: readonly string[];
}

/** Administrator `admin`, user `app`, database `app`; neither has a password. */
export async function startMariadb({ connectionsMax = 100, settings = [] }: MariadbOptions = {}): Promise<TestDatabase> {
  const folder = serverFolder("mariadb");
  const data = join(folder, "data");
  const bare = ["--no-defaults", `--datadir=${data}`];
  const light = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M"];
  prepare("mariadb-install-db", [...bare, ...light, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"], folder);
  const port = await freePort();
  const users = join(folder, "users.sql");
  const accounts = ["CREATE DATABASE IF NOT EXISTS app", "CREATE USER IF NOT EXISTS app@'%'", "GRANT ALL ON app.* TO app@'%'"];
  const admins = ["CREATE USER IF NOT EXISTS admin@'%'", "GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION"];
  writeFileSync(users, `${[...accounts, ...admins].join(";\n")};\n`);
  const process = new ServerProcess({
    name: "MariaDB",
    program: existsSync("/usr/sbin/mariadbd") ? "/usr/sbin/mariadbd" : "mariadbd",
    args: [
      ...bare,
      ...light,
      `--bind-address=${host}`,
      `--port=${port}`,
      `--socket=${join(folder, "s")}`,
      `--pid-file=${join(folder, "pid")}`,
      `--max-connections=${connectionsMax}`,
      `--init-file=${users}`,
      "--skip-name-resolve",
      "--performance-schema=off",
      ...settings.map((setting) => `--${setting}`),
    ],
    folder,
    readyLine: "ready for connections",
    stopSignal: "SIGTERM",
  });
  await process.start();
  const admin = async (sql: string): Promise<Record<string, unknown>[]> => {
    const connection = await mysql.createConnection({ host, port, user: "admin", database: "app" });
    try {
      const [rows] = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
    }
  };
  return { address: { host, port, database: "app" }, process, admin, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

export interface PgbouncerOptions {
  /** The PostgreSQL behind it. */
  readonly behind: DatabaseAddress;
  /** More lines of the section `[pgbouncer]`, as `name = value`. */
  readonly settings?: readonly string[];
}

/** PgBouncer in transaction mode before a PostgreSQL; any user, and the console for `postgres`. */
export async function startPgbouncer({ behind, settings = [] }: PgbouncerOptions): Promise<TestDatabase> {
  const folder = serverFolder("pgbouncer");
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  writeFileSync(users, '"app" ""\n"postgres" ""\n');
  const lines = [
    "[databases]",
    `${behind.database} = host=${behind.host} port=${behind.port} dbname=${behind.database}`,
    "[pgbouncer]",
    `listen_addr = ${host}`,
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = trust",
    `auth_file = ${users}`,
    "admin_users = postgres",
    "pool_mode = transaction",
    ...settings,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const process = new ServerProcess({ name: "PgBouncer", program: "pgbouncer", args: [file], folder, readyLine: "process up", stopSignal: "SIGINT" });
  await process.start();
  const admin = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ host, port, database: "pgbouncer", user: "postgres" });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return { address: { host, port, database: behind.database }, process, admin, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** The newest PostgreSQL of Debian's layout. */
function postgresPrograms(): string {
  const all = "/usr/lib/postgresql";
  const newest = readdirSync(all).sort((one, other) => Number(other) - Number(one))[0];
  if (newest === undefined) throw new Error(`Expected a PostgreSQL in ${all}`);
  return join(all, newest, "bin");
}

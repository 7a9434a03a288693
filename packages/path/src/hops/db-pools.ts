/**
 * The pools of Node's database drivers.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn } from "./rows.ts";

const pgPool = readIn("node-postgres, packages/pg-pool/index.js and packages/pg/lib/client.js");
const mysql2Pool = readIn("mysql2, lib/pool_config.js and lib/connection_config.js");

export const nodePostgres: Product = {
  id: "node-postgres",
  name: "node-postgres Pool",
  aliases: ["pg-pool"],
  kind: "client",
  managed: false,
  granularityMs: 1,
  version: null,
  knobs: [
    { name: "max", role: "pool_max", classes: [], side: "server", unit: "count", default: 10, note: "Of each process", ...pgPool },
    { name: "idleTimeoutMillis", classes: ["A"], side: "server", unit: "ms", default: 10_000, zeroIs: "never", resetBy: nextRequest, ends: ["fin"], ...pgPool },
    {
      name: "maxLifetimeSeconds",
      classes: ["E"],
      side: "server",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      ends: ["fin"],
      note: "Written in seconds",
      ...pgPool,
    },
    {
      name: "connectionTimeoutMillis",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      ends: ["fin"],
      note: "The wait for a connection of the pool too",
      ...pgPool,
    },
    { name: "query_timeout", role: "answer", classes: ["B"], side: "server", unit: "ms", default: "never", zeroIs: "never", ends: ["fin"], ...pgPool },
    { name: "keepAlive", role: "probe_switch", classes: ["T"], side: "server", unit: "switch", default: false, ...pgPool },
    {
      name: "keepAliveInitialDelayMillis",
      role: "probe_idle",
      classes: ["T"],
      side: "server",
      unit: "ms",
      default: 7_200_000,
      note: "0, the default, is the system's figure",
      ...pgPool,
    },
  ],
};

export const mysql2: Product = {
  id: "mysql2",
  name: "mysql2 pool",
  kind: "client",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    { name: "connectionLimit", role: "pool_max", classes: [], side: "server", unit: "count", default: 10, note: "Of each process", ...mysql2Pool },
    { name: "maxIdle", classes: [], side: "server", unit: "count", default: 10, note: "connectionLimit, unless set", ...mysql2Pool },
    {
      name: "idleTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 60_000,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Only where maxIdle is below connectionLimit: with the defaults nothing idle is ever closed",
      ...mysql2Pool,
    },
    { name: "queueLimit", classes: [], side: "server", unit: "count", default: "never", zeroIs: "never", note: "Callers who wait", ...mysql2Pool },
    { name: "connectTimeout", classes: ["B"], side: "server", unit: "ms", default: 10_000, ends: ["fin"], ...mysql2Pool },
    { name: "enableKeepAlive", role: "probe_switch", classes: ["T"], side: "server", unit: "switch", default: true, ...mysql2Pool },
  ],
};

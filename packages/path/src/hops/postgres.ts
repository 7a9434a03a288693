/**
 * PostgreSQL.
 */
import type { Product } from "../knob.ts";
import { measuredBy, nextRequest, secondHand } from "./rows.ts";

const shown = measuredBy("PostgreSQL 15.18, `postgres -C NAME`; postgresql.org, client connection defaults, connections and authentication");

export const postgres: Product = {
  id: "postgres",
  name: "PostgreSQL",
  aliases: ["postgresql", "pg"],
  kind: "database",
  managed: false,
  granularityMs: 1,
  version: null,
  knobs: [
    {
      name: "max_connections",
      role: "connections_max",
      classes: [],
      side: "client",
      unit: "count",
      default: 100,
      note: "`sorry, too many clients already` (53300)",
      ...shown,
    },
    { name: "superuser_reserved_connections", role: "reserved", classes: [], side: "client", unit: "count", default: 3, ...shown },
    {
      name: "reserved_connections",
      role: "reserved",
      classes: [],
      side: "client",
      unit: "count",
      default: 0,
      note: "Since 16",
      ...secondHand("postgresql.org, 16, connections and authentication"),
    },
    {
      name: "idle_session_timeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Since 14; 57P05. The document warns of it behind a pool",
      ...shown,
    },
    {
      name: "idle_in_transaction_session_timeout",
      classes: ["C"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      streams: [],
      ends: ["fin"],
      note: "25P03",
      ...shown,
    },
    {
      name: "statement_timeout",
      role: "answer",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      ends: ["answer"],
      note: "57014",
      ...shown,
    },
    { name: "authentication_timeout", classes: ["B"], side: "client", unit: "ms", default: 60_000, min: 1_000, max: 600_000, ends: ["fin"], ...shown },
    {
      name: "tcp_keepalives_idle",
      role: "probe_idle",
      classes: ["T"],
      side: "client",
      unit: "ms",
      default: 7_200_000,
      note: "0, the default, is the system's figure. Managed services set their own",
      ...shown,
    },
    { name: "client_connection_check_interval", classes: ["T"], side: "client", unit: "ms", default: "never", zeroIs: "never", ...shown },
  ],
};

/**
 * MySQL and MariaDB: the same timers, some figures differ.
 */
import type { Product } from "../knob.ts";
import { eitherWay, measuredBy, nextRequest, secondHand } from "./rows.ts";

const shown = measuredBy("mariadbd 10.11.19, `mariadbd --no-defaults --help --verbose`");

export const mariadb: Product = {
  id: "mariadb",
  name: "MariaDB",
  kind: "database",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    {
      name: "wait_timeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 28_800_000,
      min: 1_000,
      max: 31_536_000_000,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "An idle connection of a program; the next statement finds `server has gone away`",
      ...shown,
    },
    {
      name: "interactive_timeout",
      classes: [],
      side: "client",
      unit: "ms",
      default: 28_800_000,
      min: 1_000,
      max: 31_536_000_000,
      note: "In its place for clients that say CLIENT_INTERACTIVE",
      ...shown,
    },
    {
      name: "net_read_timeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 30_000,
      min: 1_000,
      resetBy: eitherWay,
      ends: ["fin"],
      note: "More of a statement that is being sent",
      ...shown,
    },
    {
      name: "net_write_timeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 60_000,
      min: 1_000,
      ends: ["fin"],
      note: "A reader who takes nothing of a result",
      ...shown,
    },
    { name: "connect_timeout", classes: ["B"], side: "client", unit: "ms", default: 10_000, min: 2_000, ends: ["fin"], note: "The handshake", ...shown },
    {
      name: "idle_transaction_timeout",
      classes: ["C"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      streams: [],
      ends: ["fin"],
      note: "MariaDB alone",
      ...shown,
    },
    {
      name: "max_connections",
      role: "connections_max",
      classes: [],
      side: "client",
      unit: "count",
      default: 151,
      note: "`Too many connections` (1040)",
      ...shown,
    },
    { name: "extra_max_connections", classes: [], side: "client", unit: "count", default: 1, note: "On extra_port only", ...shown },
    { name: "max_user_connections", classes: [], side: "client", unit: "count", default: "never", zeroIs: "never", ...shown },
    { name: "back_log", classes: [], side: "client", unit: "count", default: 80, note: "Computed from max_connections", ...shown },
  ],
};

const manual = secondHand("dev.mysql.com, 8.0 reference manual, server system variables, as quoted elsewhere");
const mariadbAlone = ["idle_transaction_timeout", "extra_max_connections"];

/** One more connection than `max_connections` is kept for administrators. */
export const mysql: Product = {
  ...mariadb,
  id: "mysql",
  name: "MySQL",
  knobs: mariadb.knobs
    .filter(({ name }) => !mariadbAlone.includes(name))
    .map((knob) => ({ ...knob, ...manual, ...(knob.name === "back_log" ? { default: 151, note: "As max_connections, unless set" } : {}) })),
};

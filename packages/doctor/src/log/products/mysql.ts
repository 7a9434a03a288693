/** MySQL and MariaDB. */
import type { LogProduct } from "../event.ts";

export const mysqlLog: LogProduct = {
  id: "mysql",
  name: "MySQL",
  hint: /Too many connections|ER_CON_COUNT_ERROR|ER_CLIENT_INTERACTION_TIMEOUT|Aborted connection|disconnected by the server because of inactivity/,
  phrases: [
    { code: "log_database_full", pattern: /Too many connections|ER_CON_COUNT_ERROR/ },
    {
      code: "log_database_idle_end",
      pattern: /\(Got timeout reading communication packets\)|disconnected by the server because of inactivity|ER_CLIENT_INTERACTION_TIMEOUT/,
    },
    { code: "log_database_peer_lost", pattern: /\(Got an error reading communication packets\)/ },
  ],
};

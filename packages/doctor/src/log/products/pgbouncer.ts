/** PgBouncer. */
import type { LogProduct } from "../event.ts";

/** Its timeouts are called as the settings are: with a value behind it, it is somebody's configuration. */
export const pgbouncerLog: LogProduct = {
  id: "pgbouncer",
  name: "PgBouncer",
  hint: /max_client_conn|query_wait_timeout|_idle_timeout|server conn crashed|closing because: |pooler error/,
  phrases: [
    { code: "log_pooler_full", pattern: /no more connections allowed(?: \(max_client_conn\))?|query_wait_timeout(?! *["'=:\d])/ },
    { code: "log_database_idle_end", pattern: /(?:client_idle_timeout|idle_transaction_timeout)(?! *["'=:\d])|server conn crashed\?/ },
  ],
};

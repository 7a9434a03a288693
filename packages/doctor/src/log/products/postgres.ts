/** PostgreSQL, in its own log and in messages that reach applications. */
import type { LogProduct } from "../event.ts";

/** A figure alone is anybody's: 53300 means something only where it is called a code. */
export const postgresLog: LogProduct = {
  id: "postgres",
  name: "PostgreSQL",
  hint: /FATAL|LOG:|53300|57P0|too many clients|terminating connection/,
  phrases: [
    {
      code: "log_database_full",
      pattern:
        /sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database) "(?<where>[^"]+)"|(?:code|SQLSTATE|FATAL:|ERROR:)["']?[\s:=[]{0,3}["']?53300\b/,
    },
    { code: "log_database_idle_end", pattern: /terminating connection due to idle-(?:session|in-transaction) timeout|\b57P05\b/ },
    {
      code: "log_database_restart",
      pattern: /terminating connection due to administrator command|the database system is (?:shutting down|starting up)|\b57P0[123]\b/,
    },
    { code: "log_database_peer_lost", pattern: /could not (?:receive data from|send data to) client: |unexpected EOF on client connection/ },
  ],
};

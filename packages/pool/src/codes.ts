/**
 * Every error that a pool answers with: one table, because messages, metrics and the docs must say the same word for the same thing.
 * What a server or a driver says itself is passed on as it is, never renamed into one of these.
 */

export interface PoolCodeRow {
  /** Whether the same call can succeed later, unchanged. Says nothing about whether the request reached the server: `outcome` of the error does. */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (retryable: boolean, meaning: string, remedy: string): PoolCodeRow => ({ retryable, meaning, remedy });

/** In alphabetical order. */
export const poolCodes = {
  acquire_timeout: row(true, "No connection came free within `acquireTimeoutMs`", "Look at what holds connections (leaks, slow calls), then at the maximum"),
  budget_unusable: row(
    true,
    "The budget of all replicas can not be kept as it is declared: no table, a pooler in between, nothing left to lease",
    "Do what the message says; it is tried again meanwhile",
  ),
  closed: row(false, "The pool was closed", "Nothing: the application closes it"),
  connect_failed: row(true, "No connection could be made: name, TCP or TLS", "`cause` says which; the request was not sent"),
  connect_timeout: row(true, "No connection within `connectTimeoutMs`", "Look at the path; the request was not sent"),
  connection_lost: row(
    true,
    "The connection ended before the answer was complete, and the request may have been carried out",
    "Repeat it only if repeating it is harmless (RFC 9110, section 9.2.2)",
  ),
  headers_too_large: row(
    false,
    "HTTP/2: the request's header list is larger than the server says that it takes",
    "Send less: cookies and tokens are the usual cause",
  ),
  invalid_option: row(false, "An option has a value that it can not have", "The message says what was expected"),
  not_through_pooler: row(
    false,
    "The statement needs a session, and a pooler in transaction mode keeps none",
    "What the message names instead, or a direct connection",
  ),
  queue_full: row(true, "`queueMax` calls wait already", "Shed load, or raise the maximum: a longer queue only makes all wait longer"),
  refused: row(
    true,
    "HTTP/2: the server said that it did not process the request (REFUSED_STREAM, or above the last stream of a GOAWAY), as often as `resendsMax` allows",
    "Repeat it later: whatever its method, nothing was done",
  ),
  released_twice: row(
    false,
    "A connection was given back that had been given back before",
    "Give back in one `finally`: the second time it is somebody else's",
  ),
  stream_reset: row(
    true,
    "HTTP/2: the server ended this one request with an error, or its answer broke a rule or a limit of ours; the message has the code",
    "Repeat it only if repeating it is harmless",
  ),
  rolled_back: row(
    true,
    "The server had ended the transaction before its COMMIT: one of its statements had failed and its error was caught, or (MySQL) one commits by itself",
    "Let errors of statements reject the transaction, or use savepoints (PostgreSQL); keep what commits by itself out of it",
  ),
  too_many_origins: row(
    true,
    "`originsMax` origins are in use at this moment",
    "Raise the maximum, or ask fewer servers: each origin keeps connections of its own",
  ),
} as const satisfies Readonly<Record<string, PoolCodeRow>>;

export type PoolCode = keyof typeof poolCodes;

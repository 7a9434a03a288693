/**
 * Every way in which a connection of a pool ends: one table, because the table of connections, metrics, `holdfast time` and the docs must
 * say the same word for the same thing. No connection leaves a pool without a row of it.
 */

/** Who ended it: the pool, the server (or a hop before it), the caller, or the network. */
export type EndSide = "pool" | "server" | "caller" | "network";

export interface PoolEndRow {
  readonly side: EndSide;
  readonly meaning: string;
}

const row = (side: EndSide, meaning: string): PoolEndRow => ({ side, meaning });

/** In alphabetical order. */
export const poolEnds = {
  address_gone: row("pool", "Its address has been missing from the answers of the resolver for `addressGoneMs`, and it was ended between two calls"),
  age_limit: row("pool", "It was open for `ageMs` (with jitter), and was ended between two calls"),
  answer_timeout: row("pool", "The answer did not begin within `headersTimeoutMs`, or paused for longer than `bodyTimeoutMs`"),
  caller_broke_it: row("caller", "Whoever had it gave it back as broken, or left in the middle"),
  check_failed: row("pool", "It was silent, was asked whether it still works, and did not answer rightly"),
  connection_close: row("server", "The last answer said so: `Connection: close`, or HTTP/1.0 without keep-alive"),
  goaway: row("server", "HTTP/2: the server said GOAWAY; what was under way was finished"),
  goaway_error: row("server", "HTTP/2: the server said GOAWAY with an error, and what was under way was lost"),
  hedge_lost: row("pool", "It carried the slower of two requests of which one answer was wanted, and that one was cancelled"),
  idle_limit: row("pool", "It was idle for as long as the pool may rely on the server to keep it: the server's hint minus a margin, or `idleMs`"),
  liveness_failed: row("pool", "The peer did not answer a ping in time"),
  network_lost: row("network", "The network reported an error"),
  pool_closed: row("pool", "The pool was closed"),
  protocol_error: row("server", "What came is not HTTP, or breaks a rule of it: framing, flow control, a head that is too large"),
  requests_limit: row("pool", "It carried `requestsMax` calls"),
  server_closed: row("server", "The server closed it, announced or not"),
  server_idle_limit: row("server", "The server ended it because it was idle for longer than the server allows (PostgreSQL: 57P05)"),
  server_reset: row("server", "The server, or a box on its behalf, reset it"),
  shrunk: row("pool", "There were more idle connections than `idleMax`, or the pool's maximum fell"),
  upgraded: row("caller", "It speaks another protocol now (an upgrade or CONNECT), and belongs to the caller"),
} as const satisfies Readonly<Record<string, PoolEndRow>>;

export type PoolEnd = keyof typeof poolEnds;

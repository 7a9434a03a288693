/**
 * Sizing of database pools on paper: what a deployment opens at most against what the server takes (P2 of the ladder), and what the load needs
 * (Little's law). Pure: numbers in, a verdict with both fixes out.
 */

/** What is declared. Counts, unless the unit is in the name. */
export interface PlanInput {
  /** Processes of the application in normal running. */
  readonly replicas: number;
  /** Replicas that a deploy adds while the old ones still run. */
  readonly surge: number;
  /** Pools per replica: workers of a cluster, threads with a pool of their own. */
  readonly processes: number;
  /** The maximum of one pool. */
  readonly size: number;
  /** Connections of migrations, cron jobs, consoles, exporters. */
  readonly others: number;
  /** `max_connections` of the database. */
  readonly maxConnections: number;
  /** `superuser_reserved_connections` and `reserved_connections`. */
  readonly reserved: number;
  /** PgBouncer between the pools and the database; null: none. */
  readonly bouncer: BouncerInput | null;
  /** The load of all replicas together; null: not known. */
  readonly load: LoadInput | null;
}

export interface BouncerInput {
  readonly bouncers: number;
  /** Pairs of database and user: each has a pool of its own. */
  readonly pairs: number;
  /** `default_pool_size` and `reserve_pool_size`. */
  readonly poolSize: number;
  readonly reservePoolSize: number;
  /** `max_client_conn` of one bouncer. */
  readonly maxClientConn: number;
}

export interface LoadInput {
  readonly perSecond: number;
  /** How long a connection is held for one of them, transaction and round trips included. */
  readonly holdMs: number;
}

/** One comparison: what is wanted against what there is. */
export interface PlanRow {
  readonly what: string;
  readonly used: number;
  readonly limit: number;
  readonly fits: boolean;
  /** How `used` comes about. */
  readonly sum: string;
}

export interface Plan {
  readonly fits: boolean;
  readonly rows: readonly PlanRow[];
  /** What makes it fit, each by itself; empty when it does. */
  readonly fixes: readonly string[];
  /** The largest pool that fits, 0 when none does. */
  readonly sizeMax: number;
  /** By Little's law: connections in use on average and what to have for peaks, over all replicas; null without a load. */
  readonly needed: { readonly mean: number; readonly advised: number; readonly sizeAdvised: number } | null;
  readonly notes: readonly string[];
}

export function plan(input: PlanInput): Plan {
  const pools = (input.replicas + input.surge) * input.processes;
  const clients = pools * input.size;
  const room = input.maxConnections - input.reserved;
  const rows = input.bouncer === null ? [direct(input, pools, clients, room)] : behindBouncer(input, input.bouncer, clients, room);
  const sizeMax = largest(input, pools, room);
  const needed = input.load === null ? null : need(input.load, input);
  if (needed !== null) rows.push(loadRow(input, needed));
  const fits = rows.every((row) => row.fits);
  return { fits, rows, fixes: fits ? [] : fixes(input, rows, { pools, sizeMax, needed }), sizeMax, needed, notes: notes(input, needed) };
}

const row = (what: string, used: number, limit: number, sum: string): PlanRow => ({ what, used, limit, fits: used <= limit, sum });

function direct({ replicas, surge, processes, size, others, maxConnections, reserved }: PlanInput, pools: number, clients: number, room: number): PlanRow {
  const sum = `(${replicas} replicas + ${surge} surge) x ${processes} x ${size} + ${others} others, of ${maxConnections} - ${reserved} reserved`;
  return row("database", pools === 0 ? others : clients + others, room, sum);
}

function behindBouncer(
  { others, maxConnections, reserved, replicas, surge, processes, size }: PlanInput,
  bouncer: BouncerInput,
  clients: number,
  room: number,
): PlanRow[] {
  const { bouncers, pairs, poolSize, reservePoolSize, maxClientConn } = bouncer;
  const servers = bouncers * pairs * (poolSize + reservePoolSize) + others;
  return [
    row(
      "database",
      servers,
      room,
      `${bouncers} bouncers x ${pairs} pools x (${poolSize} + ${reservePoolSize} reserve) + ${others} others, of ${maxConnections} - ${reserved} reserved`,
    ),
    row(
      "max_client_conn",
      clients,
      bouncers * maxClientConn,
      `(${replicas} replicas + ${surge} surge) x ${processes} x ${size}, of ${bouncers} x ${maxClientConn}`,
    ),
  ];
}

/** The largest pool with which the counts fit. */
function largest({ bouncer, others }: PlanInput, pools: number, room: number): number {
  const limit = bouncer === null ? room - others : bouncer.bouncers * bouncer.maxClientConn;
  return Math.max(0, Math.floor(limit / Math.max(1, pools)));
}

/** In use on average, and with three standard deviations for peaks: arrivals that know nothing of each other vary by the root of the mean. */
function need({ perSecond, holdMs }: LoadInput, { replicas, processes }: PlanInput): NonNullable<Plan["needed"]> {
  const mean = (perSecond * holdMs) / 1_000;
  const share = mean / (replicas * processes);
  const sizeAdvised = Math.max(1, Math.ceil(share + 3 * Math.sqrt(share)));
  return { mean, advised: sizeAdvised * replicas * processes, sizeAdvised };
}

function loadRow({ replicas, processes, size, bouncer, load }: PlanInput, { mean, advised, sizeAdvised }: NonNullable<Plan["needed"]>): PlanRow {
  const arrivals = `${load?.perSecond} per second x ${load?.holdMs} ms = ${round(mean)} in use on average`;
  if (bouncer !== null) {
    const servers = bouncer.bouncers * bouncer.pairs * bouncer.poolSize;
    return row("load", Math.max(1, Math.ceil(mean + 3 * Math.sqrt(mean))), servers, `${arrivals}; with peaks, of the bouncers' server connections`);
  }
  return row("load", advised, replicas * processes * size, `${arrivals}; with peaks ${sizeAdvised} a pool`);
}

/** Both ways out, with their numbers: ask for less, or allow more. */
function fixes(input: PlanInput, rows: readonly PlanRow[], { pools, sizeMax, needed }: { pools: number; sizeMax: number; needed: Plan["needed"] }): string[] {
  const { bouncer, reserved } = input;
  const all: string[] = [];
  for (const { what, used } of rows.filter((each) => !each.fits)) {
    if (what === "database" && bouncer === null) {
      all.push(sizeMax > 0 ? `lower the size of each pool to ${sizeMax}` : `run fewer pools: ${pools} pools of one connection are too many already`);
      all.push(`raise max_connections to ${used + reserved}`);
      all.push("or put the pools under one budget (`budget` of postgresPool and mysqlPool): then they share what there is, through a surge too");
    } else if (what === "database" && bouncer !== null) {
      const room = input.maxConnections - reserved - input.others;
      const fitting = Math.floor(room / (bouncer.bouncers * bouncer.pairs)) - bouncer.reservePoolSize;
      if (fitting > 0) all.push(`lower default_pool_size to ${fitting}`);
      all.push(`raise max_connections to ${used + reserved}`);
    } else if (what === "max_client_conn") {
      if (sizeMax > 0) all.push(`lower the size of each pool to ${sizeMax}`);
      all.push(`raise max_client_conn to ${Math.ceil(used / (bouncer?.bouncers ?? 1))}`);
    } else if (bouncer !== null) {
      all.push(`raise default_pool_size to ${Math.ceil(used / (bouncer.bouncers * bouncer.pairs))}`, "or hold connections for less time");
    } else {
      all.push(
        `raise the size of each pool to ${needed?.sizeAdvised}`,
        "or hold connections for less time: what is not the database's work does not belong between acquire and release",
      );
    }
  }
  return all;
}

function notes({ surge, bouncer, size }: PlanInput, needed: Plan["needed"]): string[] {
  const all: string[] = [];
  if (surge === 0) all.push("without surge: a deploy that starts new replicas before the old ones end needs room for both");
  if (bouncer !== null)
    all.push("`max_client_conn` is 100 unless set; prepared statements, LISTEN, advisory locks of a session and SET do not survive transaction mode");
  if (needed !== null && size > 4 * needed.sizeAdvised)
    all.push(`a pool of ${size} is far larger than the load needs (${needed.sizeAdvised}): idle connections cost the database memory`);
  return all;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/**
 * `holdfast pool plan`: sizing of database pools on paper. It asks nothing of any server.
 */
import { type BouncerInput, type LoadInput, type PlanInput, plan } from "@holdfast/pool/plan";
import { bad, type Checked, type CommandSpec, countFlag, type Given, good, isOn } from "../../args.ts";
import type { Command } from "../../command.ts";
import type { Exit } from "../../exit-codes.ts";
import { planText } from "../../pool/plan-text.ts";

const most = 1_000_000;

const spec: CommandSpec = {
  name: "pool plan",
  summary: "Size database pools on paper: do they fit, and what does the load need?",
  operands: "",
  operandsMin: 0,
  operandsMax: 0,
  flags: {
    replicas: { value: "N", what: "Replicas of the application in normal running" },
    surge: { value: "N", what: "Replicas that a deploy adds while the old ones still run (default: as many as --replicas)" },
    processes: { value: "N", what: "Pools per replica (1)" },
    size: { value: "N", what: "The maximum of one pool (10)" },
    others: { value: "N", what: "Connections of migrations, cron jobs, consoles, exporters (3)" },
    "max-connections": { value: "N", what: "max_connections of the database (100)" },
    reserved: { value: "N", what: "superuser_reserved_connections and reserved_connections (3)" },
    "per-second": { value: "N", what: "Transactions per second over all replicas; with --hold-ms" },
    "hold-ms": { value: "N", what: "How long a connection is held for one of them; with --per-second" },
    bouncers: { value: "N", what: "PgBouncers between the pools and the database (0)" },
    "bouncer-pairs": { value: "N", what: "Pairs of database and user at a bouncer (1)" },
    "bouncer-pool-size": { value: "N", what: "default_pool_size (20)" },
    "bouncer-reserve": { value: "N", what: "reserve_pool_size (0)" },
    "bouncer-clients": { value: "N", what: "max_client_conn of one bouncer (100)" },
    json: { what: "The plan as one JSON object" },
  },
  notes: ["Ends with 0 when it fits and with 9 when it does not."],
  examples: ["holdfast pool plan --replicas 6 --size 10", "holdfast pool plan --replicas 6 --size 10 --per-second 1200 --hold-ms 20 --bouncers 1"],
};

export const poolPlan: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    const input = planInput(given);
    if (!input.ok) return input;
    return good(async () => {
      const result = plan(input.value);
      process.stdout.write(isOn(given, "json") ? `${JSON.stringify({ input: input.value, ...result })}\n` : planText(result));
      return result.fits ? "ok" : "unfit";
    });
  },
};

/** The numbers of the command line, or what is wrong with them. */
export function planInput(given: Given): Checked<PlanInput> {
  const faults: string[] = [];
  const count = (name: string, least: number, fallback: number): number => {
    const checked = countFlag(given, name, least, most, fallback);
    if (checked.ok) return checked.value;
    faults.push(checked.message);
    return fallback;
  };
  if (!given.flags.has("replicas")) return bad("expected --replicas N");
  const replicas = count("replicas", 1, 1);
  const input = {
    replicas,
    surge: count("surge", 0, replicas),
    processes: count("processes", 1, 1),
    size: count("size", 1, 10),
    others: count("others", 0, 3),
    maxConnections: count("max-connections", 1, 100),
    reserved: count("reserved", 0, 3),
  };
  const perSecond = count("per-second", 1, 0);
  const holdMs = count("hold-ms", 1, 0);
  if ((perSecond === 0) !== (holdMs === 0)) faults.push("expected --per-second and --hold-ms together");
  const load: LoadInput | null = perSecond === 0 ? null : { perSecond, holdMs };
  const bouncers = count("bouncers", 0, 0);
  const behind: BouncerInput = {
    bouncers,
    pairs: count("bouncer-pairs", 1, 1),
    poolSize: count("bouncer-pool-size", 1, 20),
    reservePoolSize: count("bouncer-reserve", 0, 0),
    maxClientConn: count("bouncer-clients", 1, 100),
  };
  const fault = faults[0];
  return fault === undefined ? good({ ...input, bouncer: bouncers === 0 ? null : behind, load }) : bad(fault);
}

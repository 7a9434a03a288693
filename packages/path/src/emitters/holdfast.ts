/**
 * Options of Holdfast's parts out of a plan: as a module, with reasons, and as the JSON that `holdfast serve --config` reads.
 */
import type { Plan } from "../plan.ts";
import { type EmitOptions, type EmittedHop, hopOf, plain, portOf } from "./hop.ts";
import { type Option, objectLines } from "./literal.ts";
import { beatOption, drainOptionsOf, guardOptionsOf, poolOptionsOf } from "./ours.ts";

/** Where Holdfast can stand on a path; a plain Node server is one that guard may be put before. */
const products = ["holdfast", "holdfast-guard", "node"];

/** Settings of `serve`, of those that guard has. */
const ofServe = new Set(["role", "proxyIdleMs", "keepAliveMs", "requestsMax", "ageMs"]);

function serveOptionsOf(emitted: EmittedHop): Option[] {
  return [...guardOptionsOf(emitted).filter(({ name }) => ofServe.has(name)), beatOption(emitted.plan), ...drainOptionsOf(emitted.plan)];
}

/** Least and usual wait of a client for an answer to its probe. */
const probeMs = 5_000;

function clientOptionsOf({ links }: Plan): Option[] {
  const rttMs = links.reduce((sum, link) => sum + link.rttMs, 0);
  return [{ name: "probeTimeoutMs", value: Math.max(probeMs, rttMs + 3_000), why: `C3: the way there and back takes up to ${rttMs} ms` }];
}

export function emitHoldfast(plan: Plan, options: EmitOptions = {}): string {
  const emitted = hopOf(plan, products, options);
  const after = plan.hops[plan.hops.indexOf(emitted.hop) + 1];
  const sender = after?.product.kind === "client" ? after.name : emitted.hop.name;
  const pool = poolOptionsOf(plan, sender);
  const kind = plan.links.find((link) => link.sender.name === sender)?.receiver.product.kind;
  const isDatabase = kind === "database" || kind === "pooler";
  const lines = [
    ...emitted.head("Options of Holdfast's parts, an ES module").map((text) => `// ${plain(text)}`),
    "",
    "/** `guard(server, guardOptions)`, of `@holdfast/guard`. */",
    ...objectLines("guardOptions", [...guardOptionsOf(emitted), ...drainOptionsOf(plan)]),
    "",
    "/** Settings of `holdfast serve`; as its configuration file they are written by `--emit serve`. */",
    ...objectLines("serveOptions", serveOptionsOf(emitted)),
    "",
    ...(pool.length === 0
      ? ["// No pool: the path ends here, or nothing is known of the timer of what it sends with."]
      : [
          isDatabase
            ? "/** For `postgresPool` or `mysqlPool`, of `@holdfast/pool/postgres` or `/mysql`. */"
            : "/** `httpPool(poolOptions)`, of `@holdfast/pool`. */",
          ...objectLines("poolOptions", pool),
        ]),
    "",
    "/** `connect(url, clientOptions)`, of `@holdfast/client`. */",
    ...objectLines("clientOptions", clientOptionsOf(plan)),
  ];
  return `${lines.join("\n")}\n`;
}

/** The file for `holdfast serve --config`. JSON has no comments; emitHoldfast gives the reasons. */
export function emitServe(plan: Plan, options: EmitOptions = {}): string {
  const emitted = hopOf(plan, products, options);
  const { listen } = options;
  const place = listen === undefined ? {} : { host: listen.slice(0, listen.lastIndexOf(":")), port: Number(portOf(listen)) };
  return `${JSON.stringify({ ...place, ...Object.fromEntries(serveOptionsOf(emitted).map(({ name, value }) => [name, value])) }, null, 2)}\n`;
}

/**
 * The server of a file as a route that receives, and its clients, where they say to whom they speak, as routes that send.
 */
import type { DeclaredHop, Place } from "../../declared.ts";
import type { Value } from "../../knob.ts";
import type { Route } from "../tool.ts";
import { type NodeConfig, numberOf, type Part, type PartName, partsOf } from "./shape.ts";

const productOf: Readonly<Partial<Record<PartName, string>>> = {
  agent: "node-agent",
  undici: "undici",
  pg: "node-postgres",
  pool: "holdfast-pool",
  grpc: "grpc-client",
};

/** An option as JSON has it. Seconds are seconds in one option alone, of which the name says so. */
export const nodeLine = (knob: string, value: Value): string =>
  `"${knob}": ${JSON.stringify(typeof value === "number" && knob.endsWith("Seconds") ? Math.floor(value / 1_000) : value)}`;

/** Nothing sends to port 0. An empty list would say that it is not known where a client listens. */
const nowhere = ["localhost:0"];

export const nodeRoutes = (config: NodeConfig, version: string | null): Route[] => [...servers(config, version), ...config.parts.flatMap(client)];

function servers(config: NodeConfig, version: string | null): Route[] {
  const [guard] = partsOf(config, "guard");
  const listening = partsOf(config, "server");
  const receiving = listening.length > 0 ? listening : guard === undefined ? [] : [guard];
  return receiving.map((part) => ({
    place: part.place,
    listens: addressOf(part, "*"),
    forwards: [],
    carries: partsOf(config, "ws").length > 0 ? "websocket" : partsOf(config, "grpcServer").length > 0 ? "grpc" : "http",
    hop: guard === undefined ? hopOf(part, "node", version) : hopOf(guard, "holdfast-guard", null),
  }));
}

function client(part: Part): Route[] {
  const product = productOf[part.name];
  const forwards = targetOf(part);
  if (product === undefined || forwards.length === 0) return [];
  const carries = part.name === "pg" ? "tcp" : part.name === "grpc" ? "grpc" : "http";
  return [{ place: part.place, listens: nowhere, forwards, carries, hop: hopOf(part, product, null) }];
}

/** Seconds are seconds in one option alone, of which the name says so. */
function hopOf(part: Part, product: string, version: string | null): DeclaredHop {
  const values: Record<string, Value> = {};
  const places: Record<string, Place> = {};
  for (const [name, { value, place }] of part.options) {
    if (typeof value === "number" ? !Number.isFinite(value) || value < 0 : typeof value !== "boolean" && value !== "never") continue;
    values[name] = typeof value === "number" && name.endsWith("Seconds") ? value * 1_000 : (value as Value);
    places[name] = place;
  }
  return { name: product, product, ...(version === null ? {} : { version }), values, places };
}

function addressOf(part: Part, everywhere: string): string[] {
  const [path, port, host] = [
    part.options.get("path")?.value ?? part.options.get("socketPath")?.value,
    numberOf(part, "port"),
    part.options.get("host")?.value,
  ];
  if (typeof path === "string" && path.startsWith("/")) return [`unix:${path}`];
  if (port === null || port.value === 0) return [];
  return [`${typeof host === "string" && !["0.0.0.0", "::", ""].includes(host) ? host : everywhere}:${port.value}`];
}

function targetOf(part: Part): string[] {
  const origin = part.options.get("origin")?.value ?? part.options.get("address")?.value;
  const match = typeof origin === "string" ? /^(?:(https?):\/\/)?([^/:]+)(?::(\d+))?\/?$/.exec(origin) : null;
  if (match !== null) return [`${match[2]}:${match[3] ?? (match[1] === "http" ? "80" : "443")}`];
  return part.name === "pg" ? addressOf(part, "localhost") : [];
}

/**
 * The shape of a file of Node options: an object of parts (`server`, `agent`, `undici`, ...), each with the options of its library by their own names. An
 * object of server options alone is taken as well. Rules ask this.
 */
import type { Place } from "../../declared.ts";
import type { Json } from "./json.ts";

export const partNames = ["server", "agent", "undici", "pg", "redis", "ws", "grpc", "grpcServer", "guard", "pool"] as const;
export type PartName = (typeof partNames)[number];

export interface Option {
  readonly value: string | number | boolean | null;
  readonly place: Place;
}

export interface Part {
  readonly name: PartName;
  readonly place: Place;
  /** Those of objects within with a dot: `connect.timeout`. */
  readonly options: ReadonlyMap<string, Option>;
}

export interface NodeConfig {
  readonly parts: readonly Part[];
  /** Of the whole process: `replicas`, `processes`, `tls`, `streams`. */
  readonly whole: ReadonlyMap<string, Option>;
}

/** Names by which an object of server options is known. Each is Node's own. */
export const serverOptionNames = [
  "keepAliveTimeout",
  "keepAliveTimeoutBuffer",
  "headersTimeout",
  "requestTimeout",
  "connectionsCheckingInterval",
  "maxRequestsPerSocket",
  "maxHeaderSize",
  "maxConnections",
  "keepAliveInitialDelay",
  "noDelay",
] as const;

export function shapeOf(root: Json, file: string): NodeConfig {
  const whole = new Map<string, Option>();
  const parts: Part[] = [];
  if (root.kind !== "object") return { parts, whole };
  const isFlat = serverOptionNames.some((name) => root.members.has(name));
  for (const [name, json] of root.members) {
    if (json.kind === "value") whole.set(name, { value: json.value, place: { file, line: json.line } });
    else if (json.kind === "object" && (partNames as readonly string[]).includes(name)) {
      parts.push({ name: name as PartName, place: { file, line: json.line }, options: new Map(flatten(json, file, "")) });
    }
  }
  if (isFlat) parts.unshift({ name: "server", place: { file, line: root.line }, options: whole });
  return { parts, whole };
}

function flatten(json: Json, file: string, prefix: string): [string, Option][] {
  if (json.kind !== "object") return [];
  return [...json.members].flatMap(([name, each]): [string, Option][] =>
    each.kind === "value" ? [[prefix + name, { value: each.value, place: { file, line: each.line } }]] : flatten(each, file, `${prefix}${name}.`),
  );
}

export const partsOf = ({ parts }: NodeConfig, name: PartName): Part[] => parts.filter((part) => part.name === name);

/** A finite number that is not negative; null where the option is absent or something else. */
export function numberOf(part: Part, name: string): { readonly value: number; readonly place: Place } | null {
  const option = part.options.get(name);
  return typeof option?.value === "number" && Number.isFinite(option.value) && option.value >= 0 ? { value: option.value, place: option.place } : null;
}

/**
 * What an emitter reads of a plan: one hop of its product, and for each knob the value to write with the reason. The plan's derived value comes
 * before the one that stands there. Pure; it never makes up a value.
 */
import { formatDuration } from "../duration.ts";
import type { Value } from "../knob.ts";
import { PathError } from "../path-error.ts";
import type { Plan, ResolvedHop } from "../plan.ts";
import { compareVersions } from "../versions.ts";

/** What a configuration needs to run that a path does not say. */
export interface EmitOptions {
  /** The hop, by its name in the path. Default: the first of that product. */
  readonly hop?: string;
  /** Where it listens: host and port. */
  readonly listen?: string;
  /** Where the next hop is: host and port. */
  readonly to?: string;
  /** The beginning of the paths whose answers are streams. */
  readonly streams?: string;
}

export interface EmitOptionDoc {
  readonly default: string;
  readonly unit: string;
  readonly what: string;
}

export const emitOptionDocs = {
  hop: { default: "", unit: "name", what: "The hop to write for, by its name in the path. Empty: the first of that product" },
  listen: { default: "127.0.0.1:8080", unit: "host:port", what: "Where it listens" },
  to: { default: "127.0.0.1:3000", unit: "host:port", what: "Where the next hop is" },
  streams: { default: "/events", unit: "path", what: "The beginning of the paths whose answers are streams" },
} as const satisfies Record<keyof EmitOptions, EmitOptionDoc>;

export interface Written {
  readonly value: Value;
  /** The rule with its figures, or where the value is from. */
  readonly why: string;
  /** Derived or declared, so that it stands there for a reason; else it is the product's default. */
  readonly isMeant: boolean;
}

export class EmittedHop {
  readonly plan: Plan;
  readonly hop: ResolvedHop;
  /** Further hops of the product, which this configuration is not for. */
  readonly others: readonly string[];
  readonly listen: string;
  readonly to: string;
  readonly streams: string;
  readonly #isGiven: (name: "listen" | "to") => boolean;

  constructor(plan: Plan, hop: ResolvedHop, others: readonly string[], options: EmitOptions) {
    this.plan = plan;
    this.hop = hop;
    this.others = others;
    this.listen = address("listen", options.listen ?? emitOptionDocs.listen.default);
    this.to = address("to", options.to ?? emitOptionDocs.to.default);
    this.streams = options.streams ?? emitOptionDocs.streams.default;
    if (!/^\/[\w./~-]*$/.test(this.streams)) throw fault("streams", "a path such as /events", this.streams);
    this.#isGiven = (name) => options[name] !== undefined;
  }

  /** Null: this product has no such knob, or its version does not know it. */
  read(knob: string): Written | null {
    const setting = this.hop.settings.find((one) => one.knob.name === knob);
    const derived = this.plan.derived.find((one) => one.hop === this.hop.name && one.knob === knob);
    if (derived !== undefined) {
      const was = derived.changed && setting !== undefined ? `; was ${spoken(setting.value, derived.unit)}` : "";
      // Which bytes count (C2) is no reason for a figure; that a lost beat is survived is.
      const isSilence = derived.rule === "C2" && typeof derived.value === "number";
      const why = isSilence ? `C1: a beat every ${formatDuration(this.plan.streams.heartbeatMs)} survives one that is lost` : `${derived.rule}: ${derived.why}`;
      return { value: derived.value, why: `${why}${was}`, isMeant: true };
    }
    if (setting === undefined) return null;
    const isDeclared = setting.from === "declared";
    return {
      value: setting.value,
      why: isDeclared ? "as declared" : `default${this.hop.version === null ? "" : ` of ${this.hop.version}`}`,
      isMeant: isDeclared,
    };
  }

  /** Whether the hop's version is at least that one; a hop without a version is the newest. */
  since(version: string): boolean {
    return this.hop.version === null || compareVersions(this.hop.version, version) >= 0;
  }

  /** Whether the hop keeps connections towards the next one. */
  get reuses(): boolean {
    const link = this.plan.links.find(({ sender }) => sender.name === this.hop.name);
    return (
      link === undefined || link.reuse !== false || this.plan.derived.some(({ hop, knob }) => hop === this.hop.name && knob === link.senderIdle?.knob.name)
    );
  }

  /** `CHANGE: ` before the words of an address that nobody gave. */
  place(name: "listen" | "to", words: string): string {
    return this.#isGiven(name) ? words : `CHANGE: ${words}`;
  }

  /** The first lines of every emitted file, without comment signs. */
  head(what: string): string[] {
    const path = this.plan.hops.map(({ name }) => name).join(" -> ");
    const version = this.hop.version === null ? "" : ` ${this.hop.version}`;
    const others = this.others.length === 0 ? [] : [`The path has further hops of this product, for which this is not: ${this.others.join(", ")}.`];
    const left = this.plan.impossible.map((one) => `No value mends: ${one}`);
    return [
      `${what} for ${this.hop.name} (${this.hop.product.name}${version}) on the path ${path}.`,
      "Values with a rule follow from the path; docs/ladder.md has the rules.",
      ...others,
      ...left,
    ];
  }
}

/** The hop to write for: the one that is named, or the first of these products. */
export function hopOf(plan: Plan, products: readonly string[], options: EmitOptions): EmittedHop {
  const fitting = plan.hops.filter(({ product }) => products.includes(product.id));
  const wanted = options.hop === undefined || options.hop === "" ? fitting[0] : fitting.find(({ name }) => name === options.hop);
  if (wanted === undefined)
    throw fault(
      "hop",
      `a hop of this path that is ${products.join(" or ")}`,
      options.hop || plan.hops.map(({ name, product }) => `${name} (${product.id})`).join(", "),
    );
  return new EmittedHop(
    plan,
    wanted,
    fitting.filter((one) => one !== wanted).map(({ name }) => name),
    options,
  );
}

const fault = (knob: string, expected: string, got: string): PathError => new PathError({ hop: null, knob, expected, got });

/** Nothing but a host and a port gets into a configuration. */
function address(name: "listen" | "to", given: string): string {
  if (/^([\w.-]+|\[[0-9a-fA-F:.]+\]|\*?):\d{1,5}$/.test(given)) return given;
  throw fault(name, "host:port", given);
}

export const portOf = (hostPort: string): string => hostPort.slice(hostPort.lastIndexOf(":") + 1);

/** A value as people read it. */
export const spoken = (value: Value, unit: string): string =>
  unit === "ms" && (typeof value === "number" || value === "never") ? formatDuration(value) : String(value);

/** A word of a configuration; anything else in a declared value would be another directive. */
export function word(knob: string, value: Value): string {
  if (/^[\w.:=-]*$/.test(String(value))) return String(value);
  throw fault(knob, "a word", String(value));
}

/** A comment's text on one line: a name in a path may hold anything. */
export const plain = (text: string): string => text.replaceAll(/[^\P{Cc}]+/gu, " ");

/** Texts with their comments, those of neighbouring lines beneath one another. */
export function commented(lines: readonly (readonly [text: string, why: string])[], sign: string): string[] {
  const column = Math.min(56, Math.max(0, ...lines.map(([text]) => text.length)) + 2);
  return lines.map(([text, why]) => (why === "" ? text : `${text.padEnd(column - 2)}  ${sign} ${plain(why)}`));
}

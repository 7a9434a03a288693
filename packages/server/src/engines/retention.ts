/**
 * Policies per stream pattern: how much is kept, and which engine keeps it. Pure; data, so that it can cross to a worker.
 * The first policy whose pattern matches decides alone: policies are never combined.
 */
import { matchesPattern, streamNameFault } from "@holdfast/protocol";
import type { Retention } from "../engine.ts";
import { checkedCount, type EngineOptions } from "./options.ts";

/** What holds for the streams that match `pattern`. What is left out falls back to the engine's options. */
export interface StreamPolicy {
  /** A stream name in which `*` stands for one segment and a last `**` for one or more. */
  readonly pattern: string;
  /** The engine that holds these streams: a name given to `routedEngine`. */
  readonly engine?: string;
  readonly entriesMax?: number;
  readonly bytesMax?: number;
  /** Milliseconds. */
  readonly ageMs?: number;
}

const members: ReadonlySet<string> = new Set(["pattern", "engine", "entriesMax", "bytesMax", "ageMs"]);
const limitUnits = { entriesMax: "entries", bytesMax: "bytes", ageMs: "ms" } as const;

/** Checks policies and freezes a copy. Throws a TypeError that names the policy and the fault. */
export function resolvePolicies(given: readonly StreamPolicy[] = []): readonly StreamPolicy[] {
  return Object.freeze(given.map((policy, i) => Object.freeze(checked(policy, `policies[${i}]`))));
}

function checked(policy: StreamPolicy, at: string): StreamPolicy {
  for (const name of Object.keys(policy)) {
    if (!members.has(name)) throw new TypeError(`Expected a known member in \`${at}\`, got \`${name}\``);
  }
  // With the wildcards replaced a pattern must be a name, or it could never match one.
  const fault = streamNameFault(typeof policy.pattern === "string" ? policy.pattern.replaceAll("*", "x") : policy.pattern);
  if (fault !== null) throw new TypeError(`\`${at}.pattern\`: ${fault}, got ${JSON.stringify(policy.pattern)}`);
  for (const [name, unit] of Object.entries(limitUnits) as [keyof typeof limitUnits, string][]) {
    if (policy[name] !== undefined) checkedCount(`${at}.${name}`, policy[name], unit);
  }
  if (policy.engine !== undefined && typeof policy.engine !== "string")
    throw new TypeError(`Expected \`${at}.engine\` to be an engine's name, got ${JSON.stringify(policy.engine)}`);
  return { ...policy };
}

/** The first policy that matches, if any. */
export function policyFor(policies: readonly StreamPolicy[], stream: string): StreamPolicy | undefined {
  return policies.find((policy) => matchesPattern(policy.pattern, stream));
}

/** How much is kept of each stream, by the first matching policy; the engine's options fill what it leaves out. */
export function retentionFor(policies: readonly StreamPolicy[], options: EngineOptions): (stream: string) => Retention {
  const fallback: Retention = Object.freeze({
    entriesMax: options.retentionEntriesMax,
    bytesMax: options.retentionBytesMax,
    ageMs: options.retentionAgeMs,
  });
  const resolved = new Map(
    policies.map((policy) => [
      policy,
      Object.freeze({
        entriesMax: policy.entriesMax ?? fallback.entriesMax,
        bytesMax: policy.bytesMax ?? fallback.bytesMax,
        ageMs: policy.ageMs ?? fallback.ageMs,
      }),
    ]),
  );
  return (stream) => {
    const policy = policyFor(policies, stream);
    return policy === undefined ? fallback : (resolved.get(policy) ?? fallback);
  };
}

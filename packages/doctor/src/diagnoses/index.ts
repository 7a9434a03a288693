/**
 * The list of diagnoses, equals all: each reads the facts alone and says what it is sure of. Pure. None looks at another's findings: which of two is
 * the cause is said by `dependsOn`, and the order is made of that.
 */
import type { Finding, Plan } from "@holdfast/path";
import type { Facts } from "../facts.ts";
import { keepAliveOff, keepAliveShort } from "./keep-alive.ts";
import { lifetime } from "./lifetime.ts";
import { eventStreamLost, headerTimeout, webSocketLost } from "./openings.ts";
import { silentDrop } from "./silent-drop.ts";
import { streamIdle } from "./stream-idle.ts";
import { certificate, resumption, tlsVersion } from "./tls.ts";

/** `plan` is the declared path, where there is one. */
export type Diagnosis = (facts: Facts, plan: Plan | null) => Finding[];

const diagnoses: readonly Diagnosis[] = [
  silentDrop,
  streamIdle,
  keepAliveOff,
  keepAliveShort,
  lifetime,
  certificate,
  tlsVersion,
  resumption,
  webSocketLost,
  eventStreamLost,
  headerTimeout,
];

/** All findings, in no order that matters: see `orderFindings` of the path. */
export function diagnose(facts: Facts, plan: Plan | null): Finding[] {
  return diagnoses.flatMap((diagnosis) => diagnosis(facts, plan));
}

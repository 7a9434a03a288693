/**
 * The list of diagnoses, equals all: each reads the facts alone and says what it is sure of. Pure. None looks at another's findings: which of two is
 * the cause is said by `dependsOn`, and the order is made of that.
 */
import type { Finding, Plan } from "@holdfast/path";
import type { Facts } from "../facts.ts";
import { backendClosedByApplication, backendConnectionClose, backendHttp10 } from "./backend.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { eventStreamHeldBack } from "./event-stream-buffered.ts";
import { keepAliveOff, keepAliveShort } from "./keep-alive.ts";
import { lifetime } from "./lifetime.ts";
import { eventStreamLost, headerTimeout, webSocketLost } from "./openings.ts";
import { otherStatus, unanswered, unreachable } from "./reach.ts";
import { responseDeadline } from "./response-deadline.ts";
import { silentDrop } from "./silent-drop.ts";
import { streamIdle } from "./stream-idle.ts";
import { certificate, resumption, tlsVersion } from "./tls.ts";
import { tunnelTimer } from "./tunnel-timer.ts";
import { upgradeHeadersLost, upgradeNotForwarded } from "./upgrade.ts";

const diagnoses: readonly Diagnosis[] = [
  unreachable,
  unanswered,
  otherStatus,
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
  backendHttp10,
  backendConnectionClose,
  backendClosedByApplication,
  upgradeNotForwarded,
  upgradeHeadersLost,
  eventStreamHeldBack,
  responseDeadline,
  tunnelTimer,
];

/** All findings, in no order that matters: see `orderFindings` of the path. */
export function diagnose(facts: Facts, plan: Plan | null): Finding[] {
  return diagnoses.flatMap((diagnosis) => diagnosis(facts, plan));
}

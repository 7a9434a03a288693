/**
 * The path between user and process: what is known of each hop, and the one consistent set of timers that follows. Pure; names only.
 */
export { type Claim, claims, type Verdict } from "./claims/index.ts";
export type { DeclaredHop, DeclaredPath, DeclaredStreams, HeartbeatOf, OwnProduct, Place } from "./declared.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export type { Finding, FindingDoc } from "./finding.ts";
export { agentFindings } from "./findings/agent.ts";
export { hostFindings } from "./findings/host.ts";
export { type FindingArea, findingAreas, findingDocs } from "./findings/index.ts";
export { logFindings } from "./findings/log.ts";
export { type Case, findingMaker } from "./findings/make.ts";
export { countFindings, type OrderedFinding, orderFindings, weightOf } from "./findings/order.ts";
export { probeFindings } from "./findings/probe.ts";
export { defaultsOf, headerOf, productsIn, type Silence, type SilentKind, type Suspect, suspectsOf } from "./fingerprints.ts";
export { findProduct, products } from "./hops/index.ts";
export type {
  Direction,
  Ending,
  Grade,
  Knob,
  KnobRole,
  Layer,
  Product,
  ProductKind,
  ResetBy,
  Side,
  StreamKind,
  TimerClass,
  Unit,
  Value,
  VersionedDefault,
} from "./knob.ts";
export { apply } from "./ladder/derive.ts";
export { violationFinding } from "./ladder/finding.ts";
export { heartbeatFor } from "./ladder/heartbeat.ts";
export { declaredStreams, planPath, settledPath, violationsOf } from "./ladder/index.ts";
export { type NeedDoc, type NeedName, needDocs } from "./ladder/needs.ts";
export { namedSuspects } from "./named-suspects.ts";
export { type OptionsAt, optionsAt, type PartInPath, type PathOptions } from "./options-at.ts";
export { PathError, type PathFault } from "./path-error.ts";
export { pathExample, readPath } from "./path-file.ts";
export type { KeyPath, PlaceOf } from "./path-file-values.ts";
export type { Derived, DrainPlan, Fix, Link, Plan, PoolPlan, ResolvedHop, RuleId, Setting, Severity, StreamPlan, Violation } from "./plan.ts";
export { formatValue, resolveHops } from "./resolve.ts";
export { explainSilence, type Silenced, type SilenceSpike, type Silences } from "./silence.ts";
export { type DurationBucket, findSpikes, type Spike, type SpikeLimits, spikeLimits } from "./spikes.ts";
export { compareVersions, valueAt } from "./versions.ts";

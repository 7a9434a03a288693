/**
 * The lab: a proxy over real sockets on which every network failure is laid on demand, seeded, and taken away again.
 */

export type { FaultHandle, FaultPlacement } from "./attachment.ts";
export type { Connection } from "./connection.ts";
export type { CloseCause } from "./connection-state.ts";
export type { Address, LabClock, LabEnv, LabNet, LabTimer } from "./env.ts";
export { LabError, type LabErrorCode } from "./errors.ts";
export type {
  Chunk,
  Close,
  ConnectionPowers,
  Direction,
  Directions,
  Fault,
  Item,
  Outgoing,
  Side,
  Sides,
  Stage,
} from "./fault.ts";
export { bandwidth, type BandwidthOptions } from "./faults/bandwidth.ts";
export { blackHole, type BlackHoleOptions } from "./faults/black-hole.ts";
export { cut, type CutOptions } from "./faults/cut.ts";
export { idleDrop, type IdleDropOptions } from "./faults/idle-drop.ts";
export { latency, type LatencyOptions } from "./faults/latency.ts";
export { pass } from "./faults/pass.ts";
export { reset, type ResetOptions } from "./faults/reset.ts";
export { slicer, type SlicerOptions } from "./faults/slicer.ts";
export type { Traffic } from "./line.ts";
export type { ProxyLimits, ProxyOptions } from "./options.ts";
export { type AddOptions, type ConnectionChoice, type LabProxy, openProxy, type ProxyCounters } from "./proxy.ts";
export { createRandom, type Random } from "./random.ts";

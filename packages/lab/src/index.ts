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
export { type BandwidthOptions, bandwidth } from "./faults/bandwidth.ts";
export { type BlackHoleOptions, blackHole } from "./faults/black-hole.ts";
export { type BufferOptions, buffer } from "./faults/buffer.ts";
export { type CutOptions, cut } from "./faults/cut.ts";
export { type IdleDropOptions, idleDrop } from "./faults/idle-drop.ts";
export { type LatencyOptions, latency } from "./faults/latency.ts";
export { pass } from "./faults/pass.ts";
export { type ResetOptions, reset } from "./faults/reset.ts";
export { type SlicerOptions, slicer } from "./faults/slicer.ts";
export type { Traffic } from "./line.ts";
export type { ProxyLimits, ProxyOptions } from "./options.ts";
export { type AddOptions, type ConnectionChoice, type LabProxy, openProxy, type ProxyCounters } from "./proxy.ts";
export { createRandom, type Random } from "./random.ts";

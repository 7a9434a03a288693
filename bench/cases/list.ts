/** All cases, in the order in which they run. */
import type { BenchCase } from "../lib/result.ts";
import { clientSize } from "./client-size.ts";
import { durable } from "./durable.ts";
import { fanOut } from "./fan-out.ts";
import { herd } from "./herd.ts";
import { httpPools } from "./http-pools.ts";
import { http2Windows } from "./http2-windows.ts";
import { idleMemory } from "./idle-memory.ts";
import { keepAlive } from "./keep-alive.ts";
import { keepAliveRaces } from "./keep-alive-races.ts";
import { latency } from "./latency.ts";
import { sse } from "./sse.ts";
import { tlsMemory } from "./tls-memory.ts";

export const cases: readonly BenchCase[] = [
  fanOut,
  sse,
  idleMemory,
  tlsMemory,
  durable,
  herd,
  latency,
  keepAlive,
  keepAliveRaces,
  httpPools,
  http2Windows,
  clientSize,
];

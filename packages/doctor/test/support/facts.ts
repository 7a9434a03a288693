/** Facts of a healthy examination, to be changed by whoever needs others. */
import type { Facts, IdleFact } from "@holdfast/doctor";
import { known, unknown } from "../../src/facts.ts";

const none = unknown("not asked for");

export const healthy: Facts = {
  url: "https://example.com/",
  startedWallMs: 1_800_000_000_000,
  tookMs: 70_000,
  maxMs: 70_000,
  name: known({ host: "example.com", addresses: ["192.0.2.1"], used: "192.0.2.1", lookupMs: 1 }),
  tcp: known({ address: "192.0.2.1", port: 443, connectMs: 12 }),
  tls: none,
  resumption: none,
  http: known({ status: 200, version: "1.1", headers: {}, http2: known(true), http3Announced: false }),
  keepAlive: none,
  hops: [],
  webSocket: none,
  eventStream: none,
  helper: none,
  origin: none,
  idle: [],
  controls: [],
  notMeasured: [],
  cost: { connections: 40, openMax: 30 },
};

export const idleFact = (fact: Partial<IdleFact> = {}): IdleFact => ({
  of: "websocket",
  moving: "nothing",
  atLeastMs: 59_900,
  atMostMs: 60_100,
  how: "fin",
  by: "between",
  seen: 4,
  ...fact,
});

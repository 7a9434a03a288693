/**
 * The acceptance suite of pools, as a function: whatever lends connections and passes it is a pool. Uses node:test and node:assert, and real
 * connections of whoever runs it.
 */
import { describe } from "node:test";
import { endCases, expiryCases, turmoilCases } from "./cases-ends.ts";
import { lendingCases, orderCases, waitingCases } from "./cases-lending.ts";
import type { OpenSite, PoolCapabilities } from "./subject.ts";

/** Declares all cases for one kind of pool. What it cannot do by its declared capabilities is left out. */
export function poolSuite(name: string, open: OpenSite, capabilities: PoolCapabilities): void {
  const subject = { open, capabilities };
  describe(`pool contract: ${name}`, () => {
    lendingCases(subject);
    orderCases(subject);
    waitingCases(subject);
    endCases(subject);
    expiryCases(subject);
    turmoilCases(subject);
  });
}

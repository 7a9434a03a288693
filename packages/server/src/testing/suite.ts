/**
 * The acceptance suite of the engine contract, as a function: an engine is what passes it. Uses node:test and node:assert.
 */
import { describe } from "node:test";
import { boundCases } from "./cases-bounds.ts";
import { epochCases } from "./cases-epochs.ts";
import { liveCases } from "./cases-live.ts";
import { modelCases } from "./cases-model.ts";
import { orderCases } from "./cases-order.ts";
import { payloadCases } from "./cases-payloads.ts";
import { producerCases } from "./cases-producers.ts";
import { readCases } from "./cases-read.ts";
import { retentionCases } from "./cases-retention.ts";
import type { EngineSubject } from "./subject.ts";

/** How thoroughly the suite runs. */
export interface SuiteOptions {
  /** Random command sequences tried against the model. Default 50. */
  readonly modelRuns?: number;
}

/** Declares all cases for one engine. What it cannot do by its declared capabilities is left out. */
export function engineSuite(name: string, subject: EngineSubject, { modelRuns = 50 }: SuiteOptions = {}): void {
  describe(`engine contract: ${name}`, () => {
    orderCases(subject);
    readCases(subject);
    producerCases(subject);
    retentionCases(subject);
    epochCases(subject);
    liveCases(subject);
    payloadCases(subject);
    boundCases(subject);
    modelCases(subject, modelRuns);
  });
}

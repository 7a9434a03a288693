/**
 * What a run is given and what its parts share. Types only.
 */
import type { Client, ClientOptions } from "@holdfast/client";
import type { Random } from "@holdfast/lab";
import type { Clock } from "@holdfast/protocol";
import type { Answer } from "../adapters/http.ts";
import type { Greeting } from "./adapters/greeting.ts";
import type { Crew } from "./crew.ts";
import type { Timing } from "./kinds.ts";
import type { Tallies } from "./tally.ts";
import type { TransportName } from "./transports.ts";

/** The world, and what was asked for. */
export interface VerifyParts {
  readonly url: string;
  readonly publishUrl: string;
  readonly run: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly perSecond: number;
  readonly streams: number;
  readonly settleMs: number;
  readonly effectMs: number;
  readonly clientOptions: Required<Pick<ClientOptions, "probeTimeoutMs" | "ackTimeoutMs" | "dialTimeoutMs">> & ClientOptions;
  readonly clock: Clock;
  /** Ends the run early, with what is known so far. */
  readonly stop: AbortSignal;
  connect(url: string, options: ClientOptions): Client;
  route(server: string, port: number): string;
  /** Whether no dial will ever show another token than the first one did. */
  readonly isTokenFixed: boolean;
  greet(url: string, transport: TransportName, limitMs: number): Promise<Greeting>;
  get(url: string): Promise<Answer>;
  /** Ends a stream by HTTP. */
  endStream(url: string, limitMs: number): Promise<Answer>;
  /** Called several times a second with one line on how far it is. */
  progress(line: string): void;
}

/** One transport's run. */
export interface Run {
  readonly parts: VerifyParts;
  readonly crew: Crew;
  readonly timing: Timing;
  readonly random: Random;
  readonly tallies: Tallies;
  readonly endMs: number;
  readonly payloadBytesMax: number;
  connect(url: string, options?: ClientOptions): Client;
}

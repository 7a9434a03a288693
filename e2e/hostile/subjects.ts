/**
 * What the rows are sent to: each subject in a process of its own, with everything that a row's clauses look at. It judges nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { GuardOptions } from "@holdfast/guard";
import type { ServerOptions } from "@holdfast/server";
import { Child } from "../../bench/lib/child.ts";
import { needs } from "../../scripts/test-support/needs.ts";
import { type Bystander, watch } from "./bystander.ts";
import type { Counts, SubjectCalls } from "./programs/calls.ts";
import type { Setting, SubjectName, Target } from "./row.ts";
import { audience, issuer, publicKeyPem, token } from "./tokens.ts";

const pageBytes = 4_096;

/** How subjects are described on the page. */
export const subjectWords: Readonly<Record<SubjectName, string>> = {
  bare: "`node:http` with `ws`, as they come",
  plain: "the same with `guard(server)`",
  holdfast: "a Holdfast server",
};

const programs: Readonly<Record<SubjectName, string>> = { bare: "plain", plain: "plain", holdfast: "holdfast" };

interface Settings {
  readonly guarded?: Partial<GuardOptions>;
  readonly holdfast?: Partial<ServerOptions>;
  /** Of the guard of the Holdfast server, beside what that sets itself. */
  readonly holdfastGuard?: Partial<GuardOptions>;
  /** Whether everybody is asked for a token. */
  readonly asks?: boolean;
}

/** The hub is to be the one that gives up a peer that takes nothing, closing handshake included. */
const guardIsPatient = { stallMs: 30_000 };

/** Timers short enough to be waited for; each is longer than what it must not be mistaken for. */
const short: Settings = {
  guarded: { headersMs: 800, requestMs: 1_600, stallMs: 1_000 },
  holdfast: { handshakeMs: 600, stallMs: 1_000, heartbeatMs: 500 },
  holdfastGuard: guardIsPatient,
};

const settings: Readonly<Record<Setting, Settings>> = {
  default: {},
  short,
  stalled: short,
  few: { guarded: { perAddressMax: 4, perSubjectMax: 2 }, holdfast: { linksMax: 4, subscriptionsMax: 3 } },
  many: {
    guarded: { role: "browser", headersMs: 2_000, requestMs: 4_000, stallMs: 2_000, keepAliveMs: 2_000 },
    holdfast: { handshakeMs: 2_000, stallMs: 2_000, heartbeatMs: 1_000 },
    holdfastGuard: { ...guardIsPatient, role: "browser", requestMs: 4_000, keepAliveMs: 2_000 },
  },
  tokens: { asks: true },
};

/** What a subject looks like at one moment. */
export interface Look {
  readonly descriptors: number;
  readonly rssBytes: number;
  readonly counts: Counts;
  /** How much it has printed. */
  readonly printed: number;
  readonly faults: number;
}

export class Subject {
  readonly target: Target;
  readonly bystander: Bystander;
  readonly #child: Child<SubjectCalls>;
  readonly #output: string[];

  private constructor(target: Target, bystander: Bystander, child: Child<SubjectCalls>, output: string[]) {
    this.target = target;
    this.bystander = bystander;
    this.#child = child;
    this.#output = output;
  }

  static async start(name: SubjectName, setting: Setting): Promise<Subject> {
    const output: string[] = [];
    const path = fileURLToPath(new URL(`programs/${programs[name]}.ts`, import.meta.url));
    const child = new Child<SubjectCalls>(path, { nodeFlags: ["--expose-gc"], output: (text) => output.push(text) });
    try {
      const { guarded = {}, holdfast = {}, holdfastGuard = {}, asks = false } = settings[setting];
      const guardOptions = name === "holdfast" ? holdfastGuard : guarded;
      const opened = await child.call("open", {
        isGuarded: name !== "bare",
        hasOpenssl: needs("openssl") === false,
        guardOptions,
        serverOptions: holdfast,
        tokensOf: asks ? { issuer, audience, publicKey: publicKeyPem } : null,
      });
      const target: Target = { name, ...opened, revoke: (subject) => child.call("revoke", subject) };
      return new Subject(target, await watch(target, asks ? () => token({ subject: "bystander" }) : undefined), child, output);
    } catch (thrown) {
      await child.stop();
      throw new Error(`${name} did not start: ${output.join("")}`, { cause: thrown });
    }
  }

  /** Everything printed since the start. */
  get output(): string {
    return this.#output.join("");
  }

  /** Rejects when the process has ended: nothing catches what a row makes it throw. */
  async look(): Promise<Look> {
    const counts = await this.#child.call("counts");
    return {
      descriptors: readdirSync(`/proc/${this.#child.pid}/fd`).length,
      rssBytes: Number(readFileSync(`/proc/${this.#child.pid}/statm`, "latin1").split(" ")[1]) * pageBytes,
      counts,
      printed: this.output.length,
      faults: this.bystander.faults.length,
    };
  }

  async collect(): Promise<void> {
    await this.#child.call("collect");
  }

  async stop(): Promise<void> {
    await this.bystander.stop();
    await this.#child.stop();
  }
}

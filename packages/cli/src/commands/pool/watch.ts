/**
 * `holdfast pool watch`: the shares of all replicas of a budget, from the ledger in the database, once or again each second.
 */
import { type BudgetView, budgetView, databaseKind, type LedgerReader, openLedgers, parseLedger } from "@holdfast/pool/budget";
import { type Answered, showListing } from "../../adapters/listing.ts";
import { bad, type Checked, type CommandSpec, good, isOn, textFlag } from "../../args.ts";
import type { Command } from "../../command.ts";
import type { Exit } from "../../exit-codes.ts";
import { sharesTable } from "../../pool/shares.ts";

const spec: CommandSpec = {
  name: "pool watch",
  summary: "Show how a budget of database connections is shared, live",
  operands: "URL",
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    budget: { value: "NAME", what: "Only this one (default: every budget in the database)" },
    once: { what: "Show it once" },
    json: { what: "One JSON object a budget and look" },
  },
  notes: [
    "URL is postgres://... or mysql://... (mariadb:// is the same), with user and password as the drivers take them; else DATABASE_URL. It takes one connection, of those that `reserve` keeps for people.",
    "`share` is what a replica may have open (9>5: it is giving way to 5), `fair` what an even split would give it, `used` and `waiting` are its calls.",
  ],
  examples: ["holdfast pool watch postgres://app@db.internal/shop", "holdfast pool watch --once --json mysql://app@db.internal/shop"],
};

export const poolWatch: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const text = given.operands[0] ?? variables["DATABASE_URL"];
    if (text === undefined || text === "") return bad("expected the database's URL, or DATABASE_URL in the environment");
    const url = URL.canParse(text) ? new URL(text) : null;
    // What was given is not repeated: there may be a password in it.
    if (url === null || databaseKind(url) === null) return bad("expected a URL that begins with postgres://, mysql:// or mariadb://");
    const [budget, json, once] = [textFlag(given, "budget") ?? null, isOn(given, "json"), isOn(given, "once")];
    return good(async () => {
      const looker = new Looker(url, budget);
      try {
        return await showListing<readonly BudgetView[]>({
          command: spec.name,
          url: looker.shown,
          json,
          watch: !once,
          ask: (signal) => looker.look(signal),
          rows: (views) => views,
          table: (views, charsMax) => sharesTable(views, charsMax),
        });
      } finally {
        looker.close();
      }
    });
  },
};

/** Keeps a connection from one look to the next, and makes another when it is lost. */
class Looker {
  /** The address without the password. */
  readonly shown: string;
  readonly #url: URL;
  readonly #budget: string | null;
  #reader: LedgerReader | null = null;

  constructor(url: URL, budget: string | null) {
    this.#url = url;
    this.#budget = budget;
    this.shown = `${url.protocol}//${url.host}${url.pathname}`;
  }

  async look(signal: AbortSignal): Promise<Answered<readonly BudgetView[]>> {
    try {
      return await Promise.race([this.#ask(), aborted(signal)]);
    } catch (fault) {
      this.close();
      const said = fault instanceof Error ? fault.message || fault.name : String(fault);
      return { ok: false, exit: "unreachable", message: `${this.shown}: ${said}` };
    }
  }

  async #ask(): Promise<Answered<readonly BudgetView[]>> {
    this.#reader ??= await openLedgers(this.#url);
    const reader = this.#reader;
    const names = await reader.names();
    if (this.#budget !== null && !names.includes(this.#budget)) return { ok: false, exit: "failed", message: `${this.shown} has no budget ${this.#budget}` };
    const views: BudgetView[] = [];
    for (const name of this.#budget === null ? names : [this.#budget]) {
      const { text, nowMs, strangers } = await reader.look(name);
      const ledger = text === null ? null : parseLedger(text);
      if (ledger === null) return { ok: false, exit: "failed", message: `${this.shown}: budget ${name} was written by a release that this one does not know` };
      views.push(budgetView(name, ledger, nowMs, strangers ?? ledger.strangers));
    }
    return { ok: true, value: views };
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(new Error("no answer in time"));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });

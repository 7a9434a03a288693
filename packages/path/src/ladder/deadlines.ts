/**
 * B1: while somebody waits for an answer, what is inside gives up first, so that the error comes from where the work is and nobody works
 * for a caller that has gone. Pure.
 * It looks at the wait that is really there: a hop that would wait for a quarter of an hour is none the worse for it when the next one
 * inside gives up after a minute.
 */
import { isBox, isOn, msOf, shortest } from "../links.ts";
import type { Fix, Link, ResolvedHop, Setting } from "../plan.ts";
import { type Check, canBe, deployFix, fixOf, type Ladder, time } from "./check.ts";
import { roundDownMs, roundUpMs } from "./margin.ts";

/** Two timers that should fire one after the other need more between them than the packet that tells. */
const slackMs = 1_000;

/** After so long somebody inside gives up, and who that is; null: nobody is known to. */
interface Inner {
  readonly ms: number;
  readonly who: string;
  readonly setting: Setting | null;
  /** Whether an application stands there or further inside, whose work can be bounded. */
  readonly boundable: boolean;
}

const waitOf = ({ settings }: ResolvedHop): Setting | null =>
  shortest(settings.filter(({ knob, value }) => knob.role === "answer" && knob.unit === "ms" && typeof value === "number" && value > 0));

/** How often a hop sends one request in all, each of them with the whole wait. */
const triesOf = ({ settings }: ResolvedHop): number =>
  Math.max(1, Number(settings.find(({ knob, value }) => knob.role === "tries" && typeof value === "number")?.value ?? 1));

/** B1, from the inside out. */
export function deadlines(ladder: Ladder): Check[] {
  const checks: Check[] = [];
  const { answerMs } = ladder.needs;
  let inner: Inner | null = null;
  let boundable = false;
  for (const hop of ladder.hops.filter((each) => !isBox(each)).toReversed()) {
    boundable ||= hop.product.kind === "runtime";
    // The application stands where users' requests end: what is behind it works for it, and has to give up before it does.
    if (hop.product.kind === "runtime" && answerMs !== null) {
      checks.push(...(inner === null ? [] : [checkOf(null, { name: "the application", ms: answerMs, setting: null, tries: 1 }, inner)]));
      inner = { ms: answerMs, who: "the application", setting: null, boundable: true };
    }
    const wait = waitOf(hop);
    if (wait === null) continue;
    const link = ladder.links.find(({ sender }) => sender === hop) ?? null;
    const ms = msOf(wait.value);
    if (inner !== null && isOn(wait.knob.side, "server")) {
      const check = checkOf(link, { name: hop.name, ms, setting: wait, tries: triesOf(hop) }, inner);
      checks.push(check);
      inner = check.missing > 0 ? { ms, who: hop.name, setting: wait, boundable } : { ...inner, ms: inner.ms * triesOf(hop) + rttOf(link), who: inner.who };
    } else {
      // A wait of the receiver's own, such as that for a connection to the database, comes before the work and not around it.
      inner = inner === null || ms > inner.ms ? { ms, who: hop.name, setting: wait, boundable } : inner;
    }
  }
  return checks.reverse();
}

interface Outer {
  readonly name: string;
  readonly ms: number;
  readonly setting: Setting | null;
  readonly tries: number;
}

const rttOf = (link: Link | null): number => link?.rttMs ?? 0;

function checkOf(link: Link | null, outer: Outer, inner: Inner): Check {
  const spent = rttOf(link) + slackMs;
  const needed = inner.ms * outer.tries + spent;
  const lowered = roundDownMs((outer.ms - spent) / outer.tries);
  const raised = roundUpMs(needed);
  // Two waits of the same length are how most paths stand: who answers with the error is chance then, but nobody works on for long.
  const isInverted = inner.ms * outer.tries > outer.ms;
  const isWritten = outer.setting?.from === "declared" || inner.setting?.from === "declared" || inner.setting === null;
  return {
    rule: "B1",
    code: "deadline_order",
    severity: isWritten && isInverted ? "warning" : "info",
    where: `${outer.name} -> ${inner.who}`,
    title: `${outer.name} gives an answer up after ${time(outer.ms)}, ${inner.who} may take ${time(inner.ms)}${outer.tries > 1 ? `, ${outer.tries} times` : ""}`,
    inequality: `${time(inner.ms)}${outer.tries > 1 ? ` x ${outer.tries}` : ""} + ${time(spent)} <= ${time(outer.ms)}`,
    operands: [outer.setting, inner.setting].filter((setting) => setting !== null),
    missing: needed - outer.ms,
    fixes: needed <= outer.ms ? [] : [...lowerFix(inner, lowered), ...raiseFix(outer, raised)],
  };
}

/** A knob that is also an idle timer has its place in the ladder already: here the work is bounded in its stead. */
const isBound = ({ setting }: Pick<Inner, "setting">): boolean => setting === null || setting.knob.classes.includes("A");

function lowerFix(inner: Inner, value: number): Fix[] {
  if (value <= 0) return [];
  const { setting, who } = inner;
  const cost = `work of more than ${time(value)} is given up, with an error that says so`;
  if (setting === null || isBound(inner)) return inner.boundable ? [deployFix("answerMs", value, cost)] : [];
  return canBe(setting, value) ? [fixOf(setting, value, who === setting.hop ? cost : `${cost}, by ${setting.hop}`)] : [];
}

function raiseFix({ setting, name }: Outer, value: number): Fix[] {
  if (setting === null || isBound({ setting }) || !canBe(setting, value)) return [];
  return [fixOf(setting, value, `a user of ${name} waits for up to ${time(value)} for an error`)];
}

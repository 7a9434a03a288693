/**
 * What holds for every row, whatever it sends: the process lives, a bystander notices nothing, descriptors and memory come back, exactly
 * the row's code is counted, no word of the attacker stands in the log, and no token or ticket in a log or an answer.
 */
import assert from "node:assert/strict";
import { sendAndGoOn, sendToEnd } from "./attack.ts";
import type { Counts } from "./programs/calls.ts";
import type { Expected, Row, Seen } from "./row.ts";
import type { Look, Subject } from "./subjects.ts";
import { repeatsSecret } from "./tokens.ts";

/** Stands in every input that has room for words; no log may repeat it. */
export const canary = "canary7f3a";

const settleMsMax = 5_000;
const rssBytesMaxDefault = 32 * 1_048_576;

/** Ends that are nobody's refusal: what a connection comes to when nothing is wrong with it. */
const plainEnds = /^(?:peer_closed|peer_reset|host_closed|connection_close|idle_timeout)(?: |$)/;

/** Sends a row to a subject and asserts its answer and all clauses. */
export async function hold(subject: Subject, row: Row, expected: Expected): Promise<void> {
  const before = await subject.look();
  const seen = await send(subject, row, expected);
  assertAnswer(seen, expected);
  const after = await settled(subject, before, row);
  if (subject.target.name !== "bare") assertCounted(before.counts, after.counts, expected);
  const printed = subject.output.slice(before.printed);
  assert.ok(!printed.includes(canary), `the log repeats what was sent: ${printed}`);
  assert.ok(!repeatsSecret(printed), `the log has part of a token or a ticket: ${printed}`);
  assert.ok(!repeatsSecret(seen.body), "an answer has part of a token or a ticket");
  assert.doesNotMatch(printed, /[^\n\x20-\x7e]/, "the log has signs that no log should have");
  assert.deepEqual(subject.bystander.faults.slice(before.faults), [], "a bystander noticed");
}

async function send({ target }: Subject, row: Row, expected: Expected): Promise<Seen> {
  if (row.run !== undefined) return row.run(target);
  const bytes = row.bytes?.(target) ?? "";
  return expected.end === "open" ? sendAndGoOn(target, bytes, expected.statuses?.length ?? 1) : sendToEnd(target, bytes);
}

function assertAnswer(seen: Seen, { statuses = [], headers = {}, without = [], end, close, says }: Expected): void {
  const told = JSON.stringify({ ...seen, body: seen.body.slice(0, 500) });
  assert.deepEqual(seen.statuses, statuses, told);
  for (const [name, value] of Object.entries(headers)) assert.equal(seen.headers[name.toLowerCase()], value, told);
  for (const name of without) assert.equal(seen.headers[name.toLowerCase()], undefined, told);
  if (end === "ended") assert.notEqual(seen.end, "open", told);
  else assert.equal(seen.end, end, told);
  if (close !== undefined) assert.equal(seen.close, close, told);
  if (says !== undefined) assert.deepEqual(seen.says, says, told);
}

/** The first look at which descriptors, connections and memory are back; fails with what is left. */
async function settled(subject: Subject, before: Look, { rssBytesMax = rssBytesMaxDefault }: Row): Promise<Look> {
  const deadline = performance.now() + settleMsMax;
  for (;;) {
    const look = await subject.look();
    const grownBytes = look.rssBytes - before.rssBytes;
    const isBack = look.descriptors <= before.descriptors && look.counts.open <= before.counts.open;
    if (isBack && grownBytes <= rssBytesMax) return look;
    if (performance.now() > deadline) {
      assert.ok(isBack, `descriptors ${before.descriptors} -> ${look.descriptors}, connections ${before.counts.open} -> ${look.counts.open}`);
      assert.fail(`memory grew by ${grownBytes} bytes; at most ${rssBytesMax}`);
    }
    if (isBack) await subject.collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Exactly the row's code moved, as often as the row says, among refusals or among ends. */
function assertCounted(before: Counts, after: Counts, { code, times = 1 }: Expected): void {
  const refused = moved(before.refused, after.refused);
  const ended = moved(before.ended, after.ended);
  const codes = new Set([...refused.keys(), ...ended.keys()]);
  const told = JSON.stringify({ refused: [...refused], ended: [...ended] });
  assert.deepEqual([...codes], code === null ? [] : [code], told);
  if (code !== null) assert.equal(Math.max(refused.get(code) ?? 0, ended.get(code) ?? 0), times, told);
}

function moved(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): Map<string, number> {
  const found = new Map<string, number>();
  for (const [key, count] of Object.entries(after)) {
    const more = count - (before[key] ?? 0);
    if (more > 0 && !plainEnds.test(key)) found.set(key.split(" ")[0] as string, more);
  }
  return found;
}

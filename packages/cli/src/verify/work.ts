/**
 * What happens to one client while entries flow: the next kind of fault that fits, again and again, until the time is over.
 */

import type { Member } from "./crew.ts";
import { layFault } from "./faults.ts";
import { type KindName, kinds, needsMs, nextKind } from "./kinds.ts";
import type { Run } from "./parts.ts";
import { disturbReader } from "./reader-faults.ts";
import { count, type Outcome, tallyOf } from "./tally.ts";

/** Between two faults of a lane, so that short ones do not crowd out the traffic. */
const restMs = 300;
/** A pause that shows the usual idle timeouts of hops (60 s), where the run is long enough. */
const longPauseMs = 75_000;

/** One lane's part of the plan, until nothing fits into the time any more. */
export async function workOn(run: Run, member: Member): Promise<void> {
  const { parts, timing, tallies, endMs } = run;
  const { lane } = member;
  while (!parts.stop.aborted) {
    const begun = new Map([...tallies].map(([kind, tally]) => [kind, tally.begun]));
    const begunByRole = new Map([...tallies].map(([kind, tally]) => [kind, tally.begunByRole.get(lane.role) ?? 0]));
    const remainingMs = endMs - parts.clock.monoMs();
    const kind = nextKind(timing, { role: lane.role, remainingMs, unsettledMs: lane.unsettledMs(timing.settleMs), begun, begunByRole });
    if (kind === null) break;
    const tally = tallyOf(tallies, kind);
    tally.begun++;
    tally.begunByRole.set(lane.role, (tally.begunByRole.get(lane.role) ?? 0) + 1);
    if (kinds[kind].breaks) await lane.until(() => false, lane.unsettledMs(timing.settleMs), parts.stop);
    member.reading?.mark(kind);
    count(tally, await perform(run, member, kind));
    await lane.until(() => false, restMs, parts.stop);
  }
  await lane.until(() => false, Math.max(0, endMs - parts.clock.monoMs()), parts.stop);
}

async function perform(run: Run, member: Member, kind: KindName): Promise<Outcome> {
  const { parts, timing, random, payloadBytesMax, connect, crew } = run;
  const { clock, stop } = parts;
  const { lane, reading } = member;
  const patienceMs = 1.1 * timing.heartbeatMs + timing.probeTimeoutMs + 2 * timing.windowMs + 5_000;
  // In its pause the quiet client is to be left in peace, by the books too: what ends then, nobody here has ended.
  lane.doing = kind === "idle-pause" ? null : kind;
  try {
    switch (kind) {
      case "idle-pause":
        return await idlePause(run, member, patienceMs);
      case "reopen":
      case "wake-storm":
      case "two-clients":
      case "slow-iterator":
        if (reading === null) return { result: "abandoned", noticedMs: null, recoveredMs: null };
        return await disturbReader(kind, {
          ...{ lane, reading, clock, effectMs: timing.effectMs, patienceMs, payloadBytesMax, stop, connect },
          keep: (guest) => crew.guests.push(guest),
        });
      default:
        return await layFault(kind, { lane, clock, random, needsMs: needsMs(kind, timing, lane.role), effectMs: timing.effectMs, patienceMs, stop });
    }
  } finally {
    lane.doing = null;
  }
}

/** Nothing but beats for a while, then one entry there and back over the link that was idle. */
async function idlePause({ parts, timing, tallies, endMs }: Run, { lane, publishing }: Member, patienceMs: number): Promise<Outcome> {
  const { clock, stop } = parts;
  const shortMs = 1.5 * timing.heartbeatMs;
  const isFirst = tallyOf(tallies, "idle-pause").begun === 1;
  const roomMs = endMs - clock.monoMs() - 1_000;
  const pausedMs = clock.monoMs();
  await lane.until(() => false, isFirst ? shortMs : Math.max(shortMs, Math.min(longPauseMs, roomMs)), stop);
  if (stop.aborted) return { result: "abandoned", noticedMs: null, recoveredMs: null };
  const sentMs = clock.monoMs();
  const given = lane.carriedMs;
  publishing?.publish(lane.client);
  const isThere = await lane.until(() => lane.carriedMs > given, patienceMs, stop);
  const noticedMs = lane.downMs >= pausedMs ? Math.max(0, lane.downMs - sentMs) : null;
  return { result: isThere ? "done" : "unrecovered", noticedMs, recoveredMs: isThere ? lane.carriedMs - sentMs : null };
}

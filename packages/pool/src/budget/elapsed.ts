/**
 * Time that has passed, as a lease must count it: a machine's steady clock may stand still while the machine sleeps, and the lease does
 * not. So a wall clock that has got ahead by more than a clock's correction counts as sleep. It never goes back.
 */
import type { Clock } from "@holdfast/protocol";

/** More than a correction, less than a lease. */
const sleepMs = 500;

export function elapsedClock(clock: Clock): () => number {
  const [monoMs, wallMs] = [clock.monoMs(), clock.wallMs()];
  let sleptMs = 0;
  return () => {
    const mono = clock.monoMs();
    const ahead = clock.wallMs() - wallMs - (mono - monoMs);
    if (ahead > sleptMs + sleepMs) sleptMs = ahead;
    return mono + sleptMs;
  };
}

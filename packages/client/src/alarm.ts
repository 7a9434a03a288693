/**
 * One timer over all that is due: it is armed for what comes first, and looks again when it fires, since deadlines move.
 * It must keep no timer while nothing is due: a process would wait for it.
 */
import type { Clock, Timer } from "@holdfast/protocol";

/** When something is due by `monoMs`, Infinity for never, and what to do then. */
export type Due = readonly [atMs: number, act: (isLate: boolean) => void];

/** A timer that fires later than this was held up, and so may have been the peer's bytes: probe first, judge after. */
export const lateMs = 2_000;

const never: Due = [Infinity, () => {}];

/** Returns what is to be called when something is due earlier than before, or nothing is due any more. */
export function alarm(clock: Clock, dues: () => readonly Due[]): () => void {
  let timer: Timer | undefined;
  let armedMs = Infinity;
  const first = (): Due => dues().reduce((first, due) => (due[0] < first[0] ? due : first), never);
  const fire = (): void => {
    armedMs = Infinity;
    const [atMs, act] = first();
    const behindMs = clock.monoMs() - atMs;
    if (behindMs >= 0) act(behindMs > lateMs);
    arm();
  };
  const arm = (): void => {
    const [atMs] = first();
    if (atMs === armedMs) return;
    timer?.cancel();
    armedMs = atMs;
    if (atMs < Infinity) timer = clock.after(Math.max(0, atMs - clock.monoMs()), fire);
  };
  return arm;
}

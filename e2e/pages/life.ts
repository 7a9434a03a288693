/**
 * The program of a tab whose life has ups and downs: that of tabs.ts, and a journal of what the browser told it and of what it would have drawn.
 */
import "./tabs.ts";
import type { TabProgram } from "./tabs.ts";

/** A frame that would have shown the link as live, though nothing had proved it for so long. */
export interface Lie {
  readonly atMs: number;
  readonly ageMs: number;
}

export interface LifeProgram {
  /** Events of the page, in brackets, and states of the client, with their time by the page's clock, oldest first. */
  journal(): readonly (readonly [atMs: number, what: string])[];
  /** Frames drawn that said `live` or `catching-up` when the last proof of life was older than this, from now on. */
  watch(ageMsMax: number): void;
  lies(): readonly Lie[];
  /** When the page ran again after it had not for at least 2 s; null when it always ran. */
  wokeMs(): number | null;
}

type Listen = (name: string, call: (event: { readonly persisted?: boolean }) => void) => void;
interface Platform {
  readonly tab: TabProgram;
  life: LifeProgram;
  readonly addEventListener: Listen;
  readonly document: { readonly addEventListener: Listen; readonly visibilityState: string };
  requestAnimationFrame(call: () => void): void;
}
const platform = globalThis as unknown as Platform;
const { tab, document } = platform;

const journal: [number, string][] = [];
const lies: Lie[] = [];
let ageMsMax = Infinity;
let ranMs = performance.now();
let wokeMs: number | null = null;

function note(what: string): void {
  journal.push([performance.now(), what]);
  if (ageMsMax < Infinity) platform.requestAnimationFrame(look);
}
for (const name of ["online", "offline", "pagehide", "pageshow"]) {
  platform.addEventListener(name, ({ persisted }) => note(persisted === undefined ? `(${name})` : `(${name} ${persisted ? "persisted" : "anew"})`));
}
for (const name of ["freeze", "resume"]) document.addEventListener(name, () => note(`(${name})`));
document.addEventListener("visibilitychange", () => note(`(${document.visibilityState})`));

/** What this frame shows. */
function look(): void {
  const nowMs = performance.now();
  const { state, lastProofOfLifeMs } = tab.status();
  const ageMs = Date.now() - (lastProofOfLifeMs ?? Date.now());
  if ((state === "live" || state === "catching-up") && ageMs > ageMsMax) lies.push({ atMs: nowMs, ageMs });
}

function run(): void {
  const nowMs = performance.now();
  if (nowMs - ranMs > 2_000) wokeMs = nowMs;
  ranMs = nowMs;
  platform.requestAnimationFrame(look);
}

platform.life = {
  journal: () => [...journal, ...tab.history()].sort(([a], [b]) => a - b),
  watch(given) {
    ageMsMax = given;
    lies.length = 0;
    // Some of the frames, and each that follows an event: all of them are more than a few cores can draw for many pages.
    setInterval(run, 50);
  },
  lies: () => lies,
  wokeMs: () => wokeMs,
};

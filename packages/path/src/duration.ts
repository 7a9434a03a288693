/**
 * Times as people write them, one reader and one writer for all: `60s`, `1h30m`, `250ms`. A bare number is never taken: its unit
 * differs from tool to tool, which is how wrong timers are made.
 */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, "never", or null for what is neither. */
export function parseDuration(text: string): number | "never" | null {
  if (text === "never") return "never";
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g)) total += Number(amount) * (unitMs[unit as string] as number);
  return Math.round(total);
}

/** The shortest exact way to say it in at most two units: `65 s`, `5 min`, `1 h 30 min`, `1.5 s`, `250 ms`. */
export function formatDuration(ms: number | "never"): string {
  if (ms === "never") return "never";
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000 || ms % 60_000 !== 0) return `${Number((ms / 1_000).toFixed(3))} s`;
  if (ms < 7_200_000 || ms % 3_600_000 !== 0) {
    const [hours, minutes] = [Math.floor(ms / 3_600_000), (ms % 3_600_000) / 60_000];
    return hours > 1 ? `${hours} h ${minutes} min` : `${ms / 60_000} min`;
  }
  return ms >= 172_800_000 && ms % 86_400_000 === 0 ? `${ms / 86_400_000} d` : `${ms / 3_600_000} h`;
}

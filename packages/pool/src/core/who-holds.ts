/**
 * What the error of a wait in vain says: who has the connections, and since when. A pure sentence, so that nobody has to guess from a number.
 */

export interface Holding {
  readonly max: number;
  readonly lent: readonly { readonly heldMs: number; readonly stack: string | null }[];
  readonly checking: number;
  readonly opening: number;
  readonly waiting: number;
  readonly lastError: unknown;
}

const ms = (value: number): string => `${Math.round(value)} ms`;

export function whoHolds({ max, lent, checking, opening, waiting, lastError }: Holding): string {
  const parts: string[] = [];
  const longest = lent.reduce<Holding["lent"][number] | null>((most, each) => (most === null || each.heldMs > most.heldMs ? each : most), null);
  if (longest === null) parts.push(`none of ${max} is lent`);
  else {
    const mean = lent.reduce((sum, { heldMs }) => sum + heldMs, 0) / lent.length;
    const where = borrower(longest.stack);
    parts.push(`${lent.length} of ${max} lent, for ${ms(mean)} on average, the longest for ${ms(longest.heldMs)}${where === null ? "" : ` (${where})`}`);
  }
  if (opening > 0) parts.push(`${opening} being opened`);
  if (checking > 0) parts.push(`${checking} being asked whether they still work`);
  parts.push(`${waiting} waiting`);
  if (lastError !== null) parts.push(`the last opening failed: ${lastError instanceof Error ? lastError.message : String(lastError)}`);
  return parts.join(", ");
}

/** The part of a stack that is the borrower's: the pool's own frames say nothing. */
export function borrowersFrames(stack: string): string {
  const lines = stack.split("\n").slice(1);
  return lines.filter((line) => !/[\\/]pool[\\/](src|dist)[\\/]core[\\/]|at new Promise \(/.test(line)).join("\n");
}

function borrower(stack: string | null): string | null {
  const frame = stack?.split("\n")[0]?.trim();
  return frame === undefined || frame === "" ? null : frame;
}

/** Reads /proc/meminfo. Pure. */
export function parseMemory(text: string): { readonly totalBytes: number; readonly availableBytes: number } | null {
  const bytes = (name: string): number | null => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
    return found === undefined ? null : Number(found) * 1024;
  };
  const [totalBytes, availableBytes] = [bytes("MemTotal"), bytes("MemAvailable")];
  return totalBytes === null || availableBytes === null ? null : { totalBytes, availableBytes };
}

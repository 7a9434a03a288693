/** Headers of an answer, as handlers of HTTP/1.1 know them. Pure. */
import type { IncomingHttpHeaders } from "node:http2";

/** Without pseudo-headers: names to values, repeated `set-cookie` as a list. */
export function answerHeaders(received: IncomingHttpHeaders): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const name of Object.keys(received)) {
    const value = received[name];
    if (name.startsWith(":") || value === undefined) continue;
    headers[name] = value as string | string[];
  }
  return headers;
}

/** The lines as they came: name, value, name, value. Null when Node does not say. */
export function rawLines(received: unknown): string[] | null {
  if (!Array.isArray(received)) return null;
  const lines: string[] = [];
  for (let i = 0; i + 1 < received.length; i += 2) {
    const name = String(received[i]);
    if (!name.startsWith(":")) lines.push(name, String(received[i + 1]));
  }
  return lines;
}

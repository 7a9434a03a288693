/**
 * As much of Holdfast's protocol as scripted clients need, found by text search instead of parsing: they are many and must be cheap.
 * Members are looked for by their quoted names, which the server writes in one order, the payload last.
 */

/** The text value of the first member of that name; an empty string when there is none. */
export function textMember(message: string, name: string): string {
  const marker = `"${name}":"`;
  const start = message.indexOf(marker);
  if (start < 0) return "";
  return message.slice(start + marker.length, message.indexOf('"', start + marker.length));
}

/** The number value of the first member of that name; NaN when there is none. */
export function numberMember(message: string, name: string): number {
  const marker = `"${name}":`;
  const start = message.indexOf(marker);
  return start < 0 ? Number.NaN : Number.parseInt(message.slice(start + marker.length, start + marker.length + 16), 10);
}

export const helloMessage = '{"type":"hello","protocol":1,"client":"bench"}';

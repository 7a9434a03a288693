/** Times as logs write them: found as text, and the distance of two of one format. Pure: no clock, no time zone. */

const formats: readonly RegExp[] = [
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d| UTC)?/,
  /\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/,
  /\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?/,
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/,
  /\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?:\.\d+)?/,
  /"time":\s*"?(\d{13})/,
  /^\[ *\d+\.\d+\]/,
];

/** The time that a line begins with, as it stands there; null: it has none that is known. */
export function timeIn(line: string): string | null {
  const head = line.slice(0, 160);
  for (const format of formats) {
    const found = format.exec(head);
    if (found !== null) return found[1] ?? found[0];
  }
  return null;
}

/** Between two times of RFC 3339 in UTC, in ms; null where one of them is none. */
export function msBetween(from: string, to: string): number | null {
  const [a, b] = [msOf(from), msOf(to)];
  return a === null || b === null || b < a ? null : Math.round(b - a);
}

/** Since the year 0; the calendar alone, no clock. */
function msOf(text: string): number | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d+)?)Z$/.exec(text);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  // Years that begin in March have their leap day at the end.
  const years = month > 2 ? year : year - 1;
  const days = 365 * years + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day;
  return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000;
}

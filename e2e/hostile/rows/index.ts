/**
 * All rows of the hostile table by their id, in order, and the same as text for the page. Whoever adds a part adds its list here.
 */
import { answerWords, type Expected, type Row, type SubjectName } from "../row.ts";
import { rowsA } from "./a-http.ts";
import { rowsB } from "./b-slow.ts";
import { rowsD } from "./d-protocol.ts";
import { rowsE } from "./e-requests.ts";
import { rowsG } from "./g-network.ts";

const all: readonly Row[] = [...rowsA, ...rowsB, ...rowsD, ...rowsE, ...rowsG];

export const hostileRows: Readonly<Record<string, Row>> = Object.fromEntries(all.map((row) => [row.id, row]));
if (Object.keys(hostileRows).length !== all.length) throw new Error("two rows have one id");

const names: Readonly<Partial<Record<SubjectName, string>>> = { plain: "guarded", holdfast: "Holdfast" };

/** Subjects that answer alike are named together. */
function bySubject(row: Row, words: (expected: Expected) => string): string {
  const told = Object.entries(names).flatMap(([name, subject]) => {
    const expected = row.on[name as SubjectName];
    return expected === undefined ? [] : [[subject, words(expected)] as const];
  });
  const [first] = told;
  if (told.length > 1 && told.every(([, text]) => text === first?.[1])) return first?.[1] ?? "";
  return told.map(([subject, text]) => `${subject}: ${text}`).join("; ");
}

const codeWords = ({ code, times = 1 }: Expected): string => (code === null ? "" : `\`${code}\`${times === 1 ? "" : ` (${times})`}`);

/** Rows as the page shows them. */
export const hostileDocs: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries(
  all.map((row) => [
    row.id,
    {
      input: row.input,
      answer: `${bySubject(row, answerWords)}${row.note === undefined ? "" : `. ${row.note}`}`,
      code: bySubject(row, codeWords),
      bare: row.on.bare === undefined ? "" : answerWords(row.on.bare),
    },
  ]),
);

/**
 * Looks at JSON text by its tokens, in the least code: what a client needs. Servers, who do it for every message, have raw-json.ts.
 * It assumes text that JSON.parse has accepted, and never builds values, because parsing and writing again changes numbers beyond 2^53.
 */

/** Strings, and the signs that give JSON its structure. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/g;

/** The text of a member of the outermost object exactly as written: of the last one, as JSON.parse has it, when there are several. */
export function rawMember(text: string, wanted: string): string | undefined {
  let depth = 0;
  let name = "";
  let start = 0; // Where a value begins; 0 while a name is awaited.
  let found: string | undefined;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (depth === 1) {
      if (token === ":") start = index + 1;
      else if (token === "," || token === "}") {
        if (name === wanted) found = text.slice(start, index).trim();
        start = 0;
      } else if (start === 0) name = JSON.parse(token) as string;
    }
    if ("[{".includes(token)) depth++;
    else if ("]}".includes(token)) depth--;
  }
  return found;
}

/**
 * Looks at JSON text by its tokens, in the least code: what a client needs. Servers, who do it for every message, have raw-json.ts.
 * It assumes text that JSON.parse has accepted, and never builds values, because parsing and writing again changes numbers beyond 2^53.
 */

/** Strings, and the signs that give JSON its structure. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/g;

const levels = (token: string): number => (token === "{" || token === "[" ? 1 : token === "}" || token === "]" ? -1 : 0);

/** How deep arrays and objects nest. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(tokens)) {
    depth += levels(token);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

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
    depth += levels(token);
  }
  return found;
}

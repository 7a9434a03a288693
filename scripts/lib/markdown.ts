/**
 * The little of Markdown that the checks need: what is code, what is a link, what is a heading and its anchor.
 * It reads our own pages, not anybody's: headings with `#`, fences with backticks.
 */

/** A piece of a page with its line, from 1. */
export interface Piece {
  readonly line: number;
  readonly text: string;
}

/** A page taken apart. `prose` keeps its line numbers; code in it is blanked out. */
export interface Page {
  readonly code: readonly Piece[];
  readonly links: readonly Piece[];
  readonly anchors: ReadonlySet<string>;
}

const inlineCode = /(`+)(.+?)\1(?!`)/g;
const link = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)|<(?:a|img)\s[^>]*(?:href|src)="([^"]+)"/g;
const namedAnchor = /<a\s[^>]*(?:id|name)="([^"]+)"/g;

/** Takes a page apart. */
export function parsePage(text: string): Page {
  const code: Piece[] = [];
  const links: Piece[] = [];
  const anchors = new Set<string>();
  let fence: string | null = null;
  for (const [i, row] of text.split("\n").entries()) {
    const line = i + 1;
    const mark = /^\s*(`{3,})/.exec(row)?.[1];
    if (mark !== undefined && (fence === null || mark.length >= fence.length)) {
      fence = fence === null ? mark : null;
      continue;
    }
    if (fence !== null) {
      code.push({ line, text: row });
      continue;
    }
    for (const match of row.matchAll(inlineCode)) code.push({ line, text: match[2] ?? "" });
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(row)?.[1];
    if (heading !== undefined) addAnchor(anchors, heading);
    const prose = row.replace(inlineCode, "");
    for (const match of prose.matchAll(namedAnchor)) anchors.add(match[1] ?? "");
    for (const match of prose.matchAll(link)) links.push({ line, text: match[1] ?? match[2] ?? match[3] ?? "" });
  }
  return { code, links, anchors };
}

/** GitHub's rule: lower case, punctuation dropped, blanks to hyphens, a number for a repeated heading. */
function addAnchor(anchors: Set<string>, heading: string): void {
  const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  const slug = plain.replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "").replaceAll(" ", "-");
  let unique = slug;
  for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
  anchors.add(unique);
}

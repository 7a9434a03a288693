/** Lines broken at blanks so that they fit; what has no blank stays whole. Pure. */

/** What a terminal shows at least. */
export const columnsDefault = 80;

/** `text` after `first`; further lines begin with so many blanks as `first` is long, or `hang`. */
export function wrap(first: string, text: string, columns: number = columnsDefault, hang: number = first.length): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = " ".repeat(hang);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

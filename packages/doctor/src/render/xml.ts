/** Text made safe for XML and HTML, in elements and in quoted attributes. What a target said is shown, and never obeyed. */

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Control characters, which XML forbids, become blanks. */
export function xml(text: string): string {
  let safe = "";
  for (const character of text) {
    const isControl = character < " " && character !== "\n" && character !== "\t";
    safe += isControl ? " " : (entities[character] ?? character);
  }
  return safe;
}

/**
 * Names of files as configurations write them: joined, taken apart, matched by globs. Pure: whether a file is there is asked by an adapter.
 * Names have forward slashes.
 */

/** The folder of a file; empty for one that stands in the working directory. */
export function folderOf(file: string): string {
  const at = file.lastIndexOf("/");
  return at < 0 ? "" : at === 0 ? "/" : file.slice(0, at);
}

/** `name` as seen from `folder`, without `.` and `..` where they can be taken away. */
export function joinPath(folder: string, name: string): string {
  const whole = name.startsWith("/") || folder === "" ? name : `${folder}/${name}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return `${whole.startsWith("/") ? "/" : ""}${parts.join("/")}`;
}

export const isGlob = (name: string): boolean => /[*?[]/.test(name);

/** Whether a name fits a glob of `*`, `?` and `[a-z]`, none of which matches a slash or a leading dot. */
export function matchesGlob(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.split("/"), name.split("/")];
  return wanted.length === given.length && wanted.every((part, i) => matchesPart(part, given[i] as string));
}

/**
 * One part of a name. By going back to the last star alone, so that a hostile pattern costs its length times the name's and not more.
 */
export function matchesPart(pattern: string, name: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  let [at, p, star, mark] = [0, 0, -1, 0];
  while (at < name.length) {
    const step = p < pattern.length && pattern[p] !== "*" ? matchOne(pattern, p, name[at] as string) : 0;
    if (step > 0) [at, p] = [at + 1, p + step];
    else if (pattern[p] === "*") [star, mark, p] = [p, at, p + 1];
    else if (star >= 0) [mark, at, p] = [mark + 1, mark + 1, star + 1];
    else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** How many characters of the pattern the character takes; 0 where it does not fit. */
function matchOne(pattern: string, p: number, char: string): number {
  const own = pattern[p] as string;
  if (own === "?") return 1;
  const end = own === "[" ? pattern.indexOf("]", p + 2) : -1;
  if (end < 0) return own === char ? 1 : 0;
  const negated = pattern[p + 1] === "!" || pattern[p + 1] === "^";
  let found = false;
  for (let i = p + (negated ? 2 : 1); i < end; i++) {
    const [from, to] = pattern[i + 1] === "-" && i + 2 < end ? [pattern[i] as string, pattern[i + 2] as string] : [pattern[i] as string, pattern[i] as string];
    if (from !== to) i += 2;
    found ||= from <= char && char <= to;
  }
  return found === negated ? 0 : end + 1 - p;
}

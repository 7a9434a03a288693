/**
 * Loads one source file of the project with a piece of its text replaced: how a mutant gets into code that has no hooks for it.
 * Must be called before the file is first imported. The replacement fails loudly unless the piece is there exactly once.
 */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

/** A replacement in one file, named from the project's root. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const root = new URL("../../", import.meta.url);

/** The text with the replacement made. Throws when the piece is not there exactly once. */
export function patched(text: string, patch: Patch): string {
  const found = text.split(patch.find).length - 1;
  if (found !== 1) throw new Error(`${patch.file}: expected to find the piece once, found it ${found} times: ${patch.find}`);
  return text.replace(patch.find, () => patch.replace);
}

/** Applies the patches to what is imported from now on. */
export function patchSources(patches: readonly Patch[]): void {
  const byUrl = new Map<string, Patch[]>();
  for (const patch of patches) {
    const { href } = pathToFileURL(new URL(patch.file, root).pathname);
    byUrl.set(href, [...(byUrl.get(href) ?? []), patch]);
  }
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      const own = byUrl.get(url);
      if (own === undefined) return loaded;
      const source = typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString("utf8");
      return { ...loaded, source: own.reduce(patched, source) };
    },
  });
}

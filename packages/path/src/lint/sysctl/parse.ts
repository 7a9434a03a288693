/**
 * sysctl.conf, files of sysctl.d, and what `sysctl -a` prints: a key, an equals sign, a value. Keys may have slashes for dots. Reads any text to its end.
 */
import type { Place } from "../../declared.ts";
import type { SourceFile } from "../tool.ts";

export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly place: Place;
}

export interface SysctlConfig {
  /** The last one of each key: it holds. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** Lines that are neither comment nor setting. */
  readonly unreadable: readonly Place[];
}

/** Files in the order of their names without folders, as `sysctl --system` reads them; sysctl.conf comes last. */
export function parseSysctl(files: readonly SourceFile[]): SysctlConfig {
  const rank = ({ file }: SourceFile): string => {
    const name = file.split("/").at(-1) as string;
    return name === "sysctl.conf" ? "\uFFFF" : name;
  };
  const settings = new Map<string, Setting>();
  const unreadable: Place[] = [];
  for (const { file, text } of files.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
    for (const [index, raw] of text
      .replace(/^\uFEFF/, "")
      .split(/\r\n|\n|\r/)
      .entries()) {
      const line = raw.trim();
      if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
      const place = { file, line: index + 1 };
      const at = line.indexOf("=");
      // A leading minus tells sysctl to go on after a refusal; alone it takes a key out of globs.
      const key = line
        .slice(0, at === -1 ? undefined : at)
        .trim()
        .replace(/^-/, "");
      if (at === -1) {
        if (!line.startsWith("-")) unreadable.push(place);
      } else if (key !== "") {
        settings.set(dotted(key), { key: dotted(key), value: line.slice(at + 1).trim(), place });
      }
    }
  }
  return { settings, unreadable };
}

/** `net/ipv4/conf/eth0.1/x` has its dots for slashes: whichever comes first separates. */
const dotted = (key: string): string => (/^[^.]*\//.test(key) ? key.replaceAll(/[./]/g, (char) => (char === "/" ? "." : "/")) : key);

/** A whole number that is not negative; null where the key is absent or something else. */
export function numberOf({ settings }: SysctlConfig, key: string): { readonly value: number; readonly place: Place } | null {
  const found = settings.get(key);
  return found !== undefined && /^\d{1,15}$/.test(found.value) ? { value: Number(found.value), place: found.place } : null;
}

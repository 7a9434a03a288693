/**
 * Units of systemd: sections, `Name=value`, lines that go on after a backslash, and files of a `.d` folder, which add to the unit whose name it has. Reads
 * any text to its end.
 */
import type { Place } from "../../declared.ts";
import type { SourceFile } from "../tool.ts";

export interface Assignment {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

export interface UnitFile {
  readonly assignments: readonly Assignment[];
  readonly unreadable: readonly Place[];
}

/** A service with its drop-ins: the last assignment of a name holds. */
export interface Service {
  readonly name: string;
  /** Where its [Service] begins. */
  readonly place: Place;
  /** Of [Service] alone. */
  readonly assignments: readonly Assignment[];
  /** False: a drop-in without its unit, so that what is missing may stand elsewhere. */
  readonly isWhole: boolean;
  readonly program: Program;
}

export type Program = "nginx" | "haproxy" | "node" | "holdfast" | "go" | "wrapper" | "other";

export function parseUnit({ file, text }: SourceFile): UnitFile {
  const [assignments, unreadable]: [Assignment[], Place[]] = [[], []];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  let section = "";
  for (let at = 0; at < lines.length; at += 1) {
    const place = { file, line: at + 1 };
    let line = (lines[at] as string).trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    while (line.endsWith("\\") && at + 1 < lines.length) {
      at += 1;
      const next = (lines[at] as string).trim();
      // A comment in the middle of a value is left out, and the value goes on.
      line = /^[#;]/.test(next) ? line : `${line.slice(0, -1)} ${next}`;
    }
    const heading = /^\[([^\]]*)\]$/.exec(line);
    const equals = line.indexOf("=");
    if (heading !== null) {
      section = heading[1] as string;
      if (section === "Service") assignments.push({ section, name: "", value: "", place });
    } else if (equals < 1) unreadable.push(place);
    else assignments.push({ section, name: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim(), place });
  }
  return { assignments, unreadable };
}

export function servicesOf(files: readonly SourceFile[]): { services: Service[]; unreadable: Place[] } {
  const parsed = files.map((source) => ({ file: source.file, owner: ownerOf(source.file), ...parseUnit(source) }));
  const services: Service[] = [];
  // Drop-ins are read after their unit, in the order of their names.
  for (const name of new Set(parsed.map(({ owner, file }) => owner ?? baseOf(file)))) {
    const own = parsed.filter(({ owner, file }) => owner === null && baseOf(file) === name);
    const added = parsed.filter(({ owner }) => owner === name).toSorted((a, b) => (baseOf(a.file) < baseOf(b.file) ? -1 : 1));
    const all = [...own, ...added].flatMap(({ assignments }) => assignments).filter(({ section }) => section === "Service");
    const [first] = all;
    const assignments = all.filter((each) => each.name !== "");
    if (first !== undefined) services.push({ name, place: first.place, assignments, isWhole: own.length > 0, program: programOf(assignments) });
  }
  return { services, unreadable: parsed.flatMap(({ unreadable }) => unreadable) };
}

const baseOf = (file: string): string => file.split("/").at(-1) as string;

/** `app.service` for `app.service.d/limits.conf`. */
const ownerOf = (file: string): string | null => /([^/]+)\.d\/[^/]+\.conf$/.exec(file)?.[1] ?? null;

/** What holds: the last assignment. An empty one takes back those before it. Null: none. */
export function settingOf({ assignments }: Service, name: string): Assignment | null {
  const last = assignments.findLast((each) => each.name === name);
  return last === undefined || last.value === "" ? null : last;
}

function programOf(assignments: readonly Assignment[]): Program {
  const command = assignments.findLast(({ name, value }) => name === "ExecStart" && value !== "")?.value ?? "";
  const [path = ""] = command.replace(/^[-@:+!|]+/, "").split(/\s+/);
  const program = path.split("/").at(-1) as string;
  if (program === "nginx" || program === "haproxy" || program === "holdfast") return program;
  if (/^node(js)?$/.test(program)) return /\bholdfast\b/.test(command) ? "holdfast" : "node";
  if (/^(caddy|traefik|envoy-go)$/.test(program)) return "go";
  if (/^(npm|npx|yarn|pnpm)$/.test(program)) return "wrapper";
  return /^(ba|da|z)?sh$/.test(program) && !/\bexec\b/.test(command) ? "wrapper" : "other";
}

const unitMs: Readonly<Record<string, number>> = {
  us: 1e-3,
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A time as systemd reads it: a bare number is seconds, `1min 30s`, `infinity`. Null: not one. */
export function systemdTime(text: string): number | "never" | null {
  if (text === "infinity") return "never";
  if (text.length > 64 || !/^(\d+(\.\d+)?\s*(us|ms|sec|s|min|m|hr|h|d|w)?\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*(us|ms|sec|s|min|m|hr|h|d|w)?/g)) total += Number(amount) * (unitMs[unit ?? "s"] as number);
  return Number.isFinite(total) ? Math.round(total) : null;
}

export interface Limit {
  readonly soft: number;
  readonly hard: number;
  readonly place: Place;
  readonly value: string;
}

/** `1024:524288`, `65536`, `infinity`. Null: not set, or not a limit. */
export function limitOf(service: Service, name: string): Limit | null {
  const setting = settingOf(service, name);
  const match = /^(\d{1,15}|infinity)(?::(\d{1,15}|infinity))?$/.exec(setting?.value ?? "");
  if (setting === null || match === null) return null;
  const number = (word: string): number => (word === "infinity" ? Number.POSITIVE_INFINITY : Number(word));
  return { soft: number(match[1] as string), hard: number(match[2] ?? (match[1] as string)), place: setting.place, value: setting.value };
}

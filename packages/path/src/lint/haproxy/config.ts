/**
 * What a HAProxy configuration means: proxies with what they inherit from their defaults, which backends a frontend leads to, what can not be
 * known. Rules ask this, and never the text.
 */
import type { Place } from "../../declared.ts";
import { type HaproxyText, haproxyTime, type Line, type Section } from "./parse.ts";

export interface Timer {
  readonly name: string;
  readonly ms: number;
  readonly bare: boolean;
  readonly place: Place;
  /** As written. */
  readonly word: string;
}

/** A line with the section in which it was written: the proxy's own, or defaults. */
export interface Setting {
  readonly line: Line;
  readonly section: Section;
}

export interface ProxySection {
  readonly section: Section;
  readonly name: string;
  readonly mode: "http" | "tcp" | "other";
  readonly hasFrontend: boolean;
  readonly hasBackend: boolean;
  /** Own lines after those of its defaults: the last one that says a thing counts. */
  readonly settings: readonly Setting[];
}

export interface HaproxyConfig {
  readonly global: readonly Line[];
  readonly sections: readonly Section[];
  readonly proxies: readonly ProxySection[];
}

export function configOf(texts: readonly HaproxyText[]): HaproxyConfig {
  const sections = texts.flatMap((text) => text.sections);
  const global = sections.filter(({ kind }) => kind === "global").flatMap(({ lines }) => lines);
  const proxies: ProxySection[] = [];
  for (const [index, section] of sections.entries()) {
    if (!["frontend", "backend", "listen"].includes(section.kind)) continue;
    const settings = [...inherited(section, index, sections), ...section.lines.map((line) => ({ line, section }))];
    proxies.push({
      section,
      name: section.name ?? section.kind,
      mode: modeOf(settings),
      hasFrontend: section.kind !== "backend",
      hasBackend: section.kind !== "frontend",
      settings,
    });
  }
  return { global, sections, proxies };
}

/** Lines of the defaults that hold for a section: those it names, else the last before it; defaults inherit from those that they name themselves. */
function inherited(section: Section, index: number, sections: readonly Section[]): Setting[] {
  const chain: Section[] = [];
  let wanted = section.from === null ? sections.slice(0, index).findLast(({ kind }) => kind === "defaults") : named(section.from, sections);
  while (wanted !== undefined && !chain.includes(wanted)) {
    chain.unshift(wanted);
    wanted = wanted.from === null ? undefined : named(wanted.from, sections);
  }
  return chain.flatMap((each) => each.lines.map((line) => ({ line, section: each })));
}

const named = (name: string, sections: readonly Section[]): Section | undefined => sections.find((each) => each.kind === "defaults" && each.name === name);

function modeOf(settings: readonly Setting[]): ProxySection["mode"] {
  const mode = settings.findLast(({ line }) => line.words[0] === "mode")?.line.words[1] ?? "tcp";
  return mode === "http" || mode === "tcp" ? mode : "other";
}

/** The timer that holds, own or inherited. 0 is kept: it means what its reader says. Null: there is none, or its value is not known. */
export function timerOf(proxy: ProxySection, name: string): Timer | null {
  const found = proxy.settings.findLast(({ line }) => line.words[0] === "timeout" && line.words[1] === name);
  return found === undefined ? null : readTimer(found.line);
}

export function readTimer({ words, place }: Line): Timer | null {
  const time = haproxyTime(words[2]);
  return time === null || words[1] === undefined ? null : { name: words[1], ...time, place, word: words[2] as string };
}

/** Whether something is written for that timer, even if its value comes from the environment. */
export const namesTimer = (proxy: ProxySection, name: string): boolean =>
  proxy.settings.some(({ line }) => line.words[0] === "timeout" && line.words[1] === name);

/** Where an option was switched on, unless a later line says `no option`. */
export function optionOf(proxy: ProxySection, name: string): Setting | null {
  const last = proxy.settings.findLast(({ line: { words } }) => (words[0] === "option" && words[1] === name) || (words[0] === "no" && words[2] === name));
  return last === undefined || last.line.words[0] === "no" ? null : last;
}

/** The last line with that keyword, own or inherited. */
export const lastOf = (proxy: ProxySection, keyword: string): Setting | null => proxy.settings.findLast(({ line }) => line.words[0] === keyword) ?? null;

export const linesOf = (proxy: ProxySection, keyword: string): Line[] => proxy.section.lines.filter(({ words }) => words[0] === keyword);

export const globalOf = (config: HaproxyConfig, keyword: string): Line | null => config.global.findLast(({ words }) => words[0] === keyword) ?? null;

/** The backends to which a proxy leads; itself, when it is a `listen` with servers. Names made at run time lead to any backend. */
export function backendsOf(proxy: ProxySection, config: HaproxyConfig): ProxySection[] {
  const targets = proxy.settings
    .filter(({ line }) => line.words[0] === "default_backend" || line.words[0] === "use_backend")
    .map(({ line }) => line.words[1] ?? "");
  const isOpen = targets.some((each) => each.includes("%["));
  const found = config.proxies.filter((each) => each.section.kind !== "frontend" && each !== proxy && (isOpen || targets.includes(each.name)));
  return proxy.hasBackend && linesOf(proxy, "server").length + linesOf(proxy, "server-template").length > 0 ? [proxy, ...found] : found;
}

export const frontendsOf = (backend: ProxySection, config: HaproxyConfig): ProxySection[] =>
  config.proxies.filter((each) => each.hasFrontend && backendsOf(each, config).includes(backend));

/** A server with the words that `default-server` adds: own words last, since those count. */
export interface Server {
  readonly name: string;
  readonly address: string;
  readonly words: readonly string[];
  readonly place: Place;
}

export function serversOf(proxy: ProxySection): Server[] {
  const common = proxy.settings.filter(({ line }) => line.words[0] === "default-server").flatMap(({ line }) => line.words.slice(1));
  return [
    ...linesOf(proxy, "server").map(({ words, place }) => ({ name: words[1] ?? "", address: words[2] ?? "", words: [...common, ...words.slice(3)], place })),
    ...linesOf(proxy, "server-template").map(({ words, place }) => ({
      name: words[1] ?? "",
      address: words[3] ?? "",
      words: [...common, ...words.slice(4)],
      place,
    })),
  ];
}

/** The word after an option of a server; the last one counts. */
export const serverOption = (server: Server, name: string): string | null => {
  const at = server.words.lastIndexOf(name);
  return at === -1 ? null : (server.words[at + 1] ?? "");
};

/**
 * What a Caddyfile means for connections: servers' timeouts, sites, and in them each reverse_proxy with what is set for it. Rules ask this.
 */
import type { Place } from "../../declared.ts";
import type { Caddyfile } from "./imports.ts";
import type { Entry } from "./parse.ts";

/** A value with the line on which it stands. */
export interface Written {
  readonly words: readonly string[];
  readonly place: Place;
}

export interface ProxyDirective {
  readonly place: Place;
  readonly upstreams: readonly string[];
  /** Lines of its block, those of the HTTP transport under `transport `. The last one counts. */
  readonly lines: ReadonlyMap<string, Written>;
  /** Its matcher spelled out, its path, and the names of what stands around it: hints, and no more. */
  readonly hints: string;
}

export interface Site {
  readonly addresses: readonly string[];
  readonly place: Place;
  readonly proxies: readonly ProxyDirective[];
}

export interface CaddyConfig {
  /** `timeouts idle` and the like, `grace_period`; one row for each place where it is written. */
  readonly options: ReadonlyMap<string, readonly Written[]>;
  readonly sites: readonly Site[];
}

export function configOf({ blocks }: Caddyfile): CaddyConfig {
  const options = new Map<string, Written[]>();
  const add = (name: string, { words, place }: Entry): void => void options.set(name, [...(options.get(name) ?? []), { words: words.slice(1), place }]);
  const sites: Site[] = [];
  for (const { keys, entries, place } of blocks) {
    if (keys.length > 0) sites.push({ addresses: keys, place, proxies: proxiesIn(entries, matchersIn(entries), keys.join(" ")) });
    else for (const entry of entries) readOption(entry, add);
  }
  return { options, sites };
}

function readOption(entry: Entry, add: (name: string, entry: Entry) => void): void {
  const name = entry.words[0] ?? "";
  if (name !== "servers") return add(name, entry);
  for (const line of entry.block ?? []) {
    if (line.words[0] !== "timeouts") add(`servers ${line.words[0]}`, line);
    else for (const timeout of line.block ?? []) add(`timeouts ${timeout.words[0]}`, timeout);
  }
}

/** Named matchers with all that they ask for. */
function matchersIn(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const found = entries.flatMap((entry): [string, string][] => [
    ...(entry.words[0]?.startsWith("@") ? [[entry.words[0], textOf(entry)] as [string, string]] : []),
    ...(entry.block === null ? [] : [...matchersIn(entry.block)]),
  ]);
  return new Map(found);
}

const textOf = ({ words, block }: Entry): string => [...words, ...(block ?? []).map(textOf)].join(" ");

const handlers = new Set(["handle", "handle_path", "route", "handle_errors", "handle_response"]);

function proxiesIn(entries: readonly Entry[], matchers: ReadonlyMap<string, string>, around: string): ProxyDirective[] {
  return entries.flatMap((entry) => {
    const [name = "", first = ""] = entry.words;
    const hints = [around, matchers.get(first) ?? "", ...entry.words.slice(1)].join(" ");
    if (name === "reverse_proxy") return [proxyOf(entry, hints)];
    return handlers.has(name) && entry.block !== null ? proxiesIn(entry.block, matchers, hints) : [];
  });
}

function proxyOf({ words, block, place }: Entry, hints: string): ProxyDirective {
  const args = words.slice(1);
  const isMatcher = /^[@/*]/.test(args[0] ?? "") && !/^\/\//.test(args[0] ?? "");
  const lines = new Map<string, Written>();
  const upstreams = [...(isMatcher ? args.slice(1) : args)];
  for (const line of block ?? []) {
    const name = line.words[0] ?? "";
    if (name === "to") upstreams.push(...line.words.slice(1));
    lines.set(name, { words: line.words.slice(1), place: line.place });
    if (name === "transport") for (const each of line.block ?? []) lines.set(`transport ${each.words[0]}`, { words: each.words.slice(1), place: each.place });
  }
  return { place, upstreams, lines, hints: [hints, ...upstreams].join(" ") };
}

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration as Caddy reads it: `90s`, `1h30m`, `1.5d`, `0`. Null: not one, such as a placeholder. */
export function caddyTime(word: string | undefined): number | null {
  if (word === "0") return 0;
  if (word === undefined || word.length > 64 || !/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(word)) return null;
  let total = 0;
  for (const [, amount, unit] of word.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) total += Number(amount) * (unitMs[unit as string] as number);
  return Number.isFinite(total) ? Math.round(total) : null;
}

/** The time on a line of a proxy. Null: there is no such line, or it is no time. */
export const timeOf = (proxy: ProxyDirective, name: string): number | null => caddyTime(proxy.lines.get(name)?.words[0]);

export const hintsWebSocket = ({ hints }: ProxyDirective): boolean => /websocket|socket\.?io|upgrade|(^|[^a-z0-9])wss?([^a-z0-9]|$)|cable|signalr/i.test(hints);
export const hintsEvents = ({ hints }: ProxyDirective): boolean => /event-?stream|(^|[^a-z0-9])(sse|events|eventsource)([^a-z0-9]|$)/i.test(hints);
export const hintsGrpc = ({ hints }: ProxyDirective): boolean => /(^|[^a-z])grpc/i.test(hints);

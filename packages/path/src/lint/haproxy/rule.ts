/**
 * What a rule of HAProxy is given and gives. A rule is pure and never throws; it says a thing once per place, however many proxies inherit it.
 */
import type { Place } from "../../declared.ts";
import type { Finding } from "../../finding.ts";
import { haproxyFindings } from "../../findings/haproxy.ts";
import { findingMaker } from "../../findings/make.ts";
import type { LintAsk } from "../tool.ts";
import type { HaproxyConfig, ProxySection, Setting } from "./config.ts";

export interface HaproxyCase {
  readonly config: HaproxyConfig;
  readonly ask: LintAsk;
  /** The version by which files are judged. */
  readonly version: string;
}

export type HaproxyRule = (given: HaproxyCase) => Finding[];

export const haproxyFinding = findingMaker(haproxyFindings);

/** `frontend web`, `defaults`. */
export const nameOf = (section: { readonly kind: string; readonly name: string | null }): string =>
  section.name === null ? `\`${section.kind}\`` : `\`${section.kind} ${section.name}\``;

/** Settings that several proxies inherit come once, with the proxies that they concern. */
export function distinct(settings: readonly { readonly proxy: ProxySection; readonly setting: Setting }[]): { setting: Setting; proxies: ProxySection[] }[] {
  const bySource = new Map<Setting["line"], { setting: Setting; proxies: ProxySection[] }>();
  for (const { proxy, setting } of settings) {
    const known = bySource.get(setting.line);
    if (known === undefined) bySource.set(setting.line, { setting, proxies: [proxy] });
    else known.proxies.push(proxy);
  }
  return [...bySource.values()];
}

/** Where a line for these proxies belongs: the defaults that they share, else the first of them. Null: there are none. */
export function homeOf(proxies: readonly ProxySection[], config: HaproxyConfig): { name: string; place: Place } | null {
  if (proxies.length === 0) return null;
  const defaults = config.sections.find(
    ({ kind, lines }) => kind === "defaults" && proxies.every((proxy) => lines.every((line) => proxy.settings.some((each) => each.line === line))),
  );
  const section = defaults ?? proxies[0]?.section;
  return section === undefined ? null : { name: nameOf(section), place: section.place };
}

export const list = (proxies: readonly ProxySection[]): string => proxies.map(({ section }) => nameOf(section)).join(", ");

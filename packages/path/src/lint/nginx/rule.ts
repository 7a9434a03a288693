/**
 * What a rule of nginx is given, and what it gives back. A new rule is one file in rules/, one row of findings/nginx.ts and one name in rules/index.ts.
 */
import type { Place } from "../../declared.ts";
import type { Finding } from "../../finding.ts";
import { findingMaker } from "../../findings/make.ts";
import { nginxFindings } from "../../findings/nginx.ts";
import type { JudgedBy, LintAsk } from "../tool.ts";
import { type Told, toldOf } from "./carries.ts";
import type { Site, Way } from "./site.ts";
import { isBefore } from "./version.ts";

/** A configuration under judgement. */
export interface Case {
  readonly site: Site;
  readonly judged: JudgedBy;
  /** The product in front of nginx, where the path names it. */
  readonly behind: string | null;
  /** Heartbeats of streams, as far as somebody has said them. */
  readonly beats: NonNullable<LintAsk["beats"]>;
}

export type Rule = (given: Case) => readonly Finding[];

/** Makes a finding of the nginx area; the hop to blame is always nginx. */
const make = findingMaker(nginxFindings);
export const report: typeof make = (code, given) => make(code, { hop: "nginx", ...given });

export const told = ({ site, judged }: Case, way: Way): Told => toldOf(way, site, judged.version);

/**
 * What a rule that holds before a version has to say: "yes" where it is known to be older, "maybe" where nobody said which version it is,
 * "no" where it is known to be newer. Most installed ones are older than the newest, so an assumed version proves nothing.
 */
export function olderThan({ judged }: Case, version: string): "yes" | "maybe" | "no" {
  if (judged.from === "assumed") return "maybe";
  return isBefore(judged.version, version) ? "yes" : "no";
}

/** How a way is called in a sentence: `location /ws`. */
export function nameOf({ scope, path }: Way): string {
  return scope.kind === "stream-server" ? "this server of stream {}" : scope.kind === "if" ? `the if in location ${path}` : `location ${path}`;
}

/** Each place once. */
export function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [`${place.file}:${place.line}`, place])).values()];
}

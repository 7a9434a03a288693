/**
 * What a person sees when the server is up: where it is and what to try. Pure.
 */
import { escapeLine } from "../escape.ts";
import { defaultAdminUrl, defaultUrl } from "../url.ts";

export interface GreetingFacts {
  readonly url: string;
  readonly engine: string;
  /** The database's folder; null when nothing is kept on disk. */
  readonly data: string | null;
  readonly vitals: boolean;
  /** Whether there is a page at `/`. */
  readonly page: boolean;
  /** Where the admin listener is; null without one. */
  readonly admin: string | null;
  /** Who may do what, in a sentence. */
  readonly access: string;
  /** What follows from the path; null where none was declared. */
  readonly follows: { readonly keepAliveMs: number; readonly heartbeatMs: number } | null;
  /** How this program is called here. */
  readonly command: string;
}

export function greeting(facts: GreetingFacts): string {
  const { url, command } = facts;
  const at = url === defaultUrl ? "" : ` --url ${url}`;
  const stream = facts.vitals ? "vitals/host" : "rooms/42";
  const where = facts.data === null ? "; nothing is kept on disk" : `, data in ${escapeLine(facts.data)}`;
  return [
    `Holdfast is listening on ${url} (${facts.engine} engine${where}).`,
    escapeLine(facts.access),
    ...(facts.follows === null ? [] : [`In its path it has keepAliveMs ${facts.follows.keepAliveMs} and heartbeatMs ${facts.follows.heartbeatMs}.`]),
    ...(facts.page ? [`Open ${url}/ in a browser to watch it and to cut its wire.`] : []),
    "Try, in another terminal:",
    `  ${command} tail ${stream}${at}`,
    `  ${command} publish rooms/42 'hello'${at}`,
    `  curl '${url}/v1/streams/${stream}?after=last:3'`,
    `  curl '${url}/v1/streams'    (also /healthz and /readyz)`,
    ...(facts.admin === null
      ? []
      : [`  ${command} connections${facts.admin === defaultAdminUrl ? "" : ` --admin ${facts.admin}`}    (also ${facts.admin}/metrics and /readyz)`]),
    "Ctrl-C drains and ends; a second one ends at once.",
    "",
  ].join("\n");
}

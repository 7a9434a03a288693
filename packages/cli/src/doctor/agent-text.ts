/**
 * What `doctor agent` says when it listens: where to point the proxy, and what to run against it. Pure.
 */
import { escapeLine } from "../escape.ts";

export interface AgentFacts {
  readonly url: string;
  readonly prefix: string;
  readonly hasToken: boolean;
  readonly keepAliveMs: number;
  /** How this program is called here. */
  readonly command: string;
}

export function agentText({ url, prefix, hasToken, keepAliveMs, command }: AgentFacts): string {
  const token = hasToken ? " --token-file FILE" : "";
  return escapeAll([
    `The doctor's agent listens on ${url}${prefix}/ (${hasToken ? "with the token" : "no token"}; idle connections are kept for ${keepAliveMs / 1_000} s).`,
    `Let the proxy forward ${prefix}/ to it, with exactly the settings that the application's own place has:`,
    `  nginx    location ${prefix}/ { proxy_pass ${url}; ... }`,
    `  HAProxy  use_backend doctor if { path_beg ${prefix}/ }    backend doctor: server agent ${new URL(url).host}`,
    `  Caddy    reverse_proxy ${prefix}/* ${new URL(url).host}`,
    "Then, from where the users are:",
    `  ${command} doctor https://YOUR-SITE/${token}`,
    "Ctrl-C ends it.",
  ]);
}

const escapeAll = (lines: readonly string[]): string => `${lines.map(escapeLine).join("\n")}\n`;

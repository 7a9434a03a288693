/**
 * How `serve` listens: TLS, the PROXY header, and the timers that depend on who connects. Pure: files are only named here.
 */
import type { GuardOptions, ListenerParts } from "@holdfast/guard";
import { guardOptionDocs, resolveGuardOptions, resolveProxiedListener } from "@holdfast/guard";
import { type Checked, good } from "../args.ts";
import type { SettingValue } from "./settings.ts";

const { proxyIdleMs, requestsMax, ageMs, unreadyMs } = guardOptionDocs;

/** Defaults and meaning; docs/options.md is made from it. */
export const listenerOptionDocs = {
  tlsCertFile: {
    default: "",
    unit: "file",
    what: "Serve `https` and `wss` with this certificate, its chain behind it, in PEM. It is read again when it changes, and on SIGHUP",
  },
  tlsKeyFile: { default: "", unit: "file", what: "Its private key, in PEM" },
  tlsTicketSecretFile: {
    default: "",
    unit: "file",
    what: "A file with a secret of at least 32 bytes that all nodes share: each then resumes the others' TLS sessions. Empty: only its own, until it ends",
  },
  proxyProtocol: { default: "off", unit: "mode", what: "What every connection begins with: `off`, `v1`, `v2` or `v1-or-v2`; see docs/who-is-it.md" },
  proxyTrusted: {
    default: [] as readonly string[],
    unit: "networks",
    what: "Networks from which a PROXY header may come. Required unless `proxyProtocol` is `off`",
  },
  role: { default: "", unit: "browser or proxy", what: "Who connects: `browser` or `proxy`. Empty: browsers with TLS, a proxy without" },
  proxyIdleMs,
  keepAliveMs: { default: 0, unit: "ms", what: "How long a connection waits for its next request. 0: by role and `proxyIdleMs`; see docs/timeouts.md" },
  requestsMax,
  ageMs,
  perAddressMax: {
    default: 0,
    unit: "connections",
    what: "Open at once from one IPv4 address or IPv6 /64. 0: as many as in all, since a proxy may stand in front",
  },
  unreadyMs,
} as const;

type Values = { readonly [K in keyof typeof listenerOptionDocs]: (typeof listenerOptionDocs)[K]["default"] extends number ? number : SettingValue };

/** How the server is to listen. `ticketSecretFile` is still to be read. */
export interface ListenerConfig {
  readonly guard: Partial<GuardOptions>;
  readonly proxied: ListenerParts["proxied"];
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly ticketSecretFile: string | null } | null;
}

/**
 * Checks the values together, guard's own checks included; throws a TypeError that names the setting. `isSaid`: whether guard is told of a
 * timer, or is to take it from the path.
 */
export function listenerOf(values: Readonly<Record<string, SettingValue>>, isSaid: (name: string) => boolean = () => true): ListenerConfig {
  const { tlsCertFile, tlsKeyFile, tlsTicketSecretFile, proxyProtocol, proxyTrusted, role, keepAliveMs, perAddressMax, ...timers } =
    values as unknown as Values;
  if ((tlsCertFile === "") !== (tlsKeyFile === "")) throw new TypeError("Expected `tlsCertFile` and `tlsKeyFile` together, got one of them");
  if (tlsTicketSecretFile !== "" && tlsCertFile === "") throw new TypeError("Expected `tlsTicketSecretFile` with `tlsCertFile` only");
  if (role !== "" && role !== "browser" && role !== "proxy") throw new TypeError(`Expected \`role\` to be browser or proxy, got ${JSON.stringify(role)}`);
  const guard: Partial<GuardOptions> = {
    ...Object.fromEntries(Object.entries(timers).filter(([name]) => isSaid(name))),
    ...(role === "" ? {} : { role }),
    ...(keepAliveMs === 0 ? {} : { keepAliveMs }),
    ...(perAddressMax === 0 ? {} : { perAddressMax }),
  };
  const proxied = proxyProtocol === "off" ? undefined : ({ proxyProtocol, proxyTrusted } as NonNullable<ListenerParts["proxied"]>);
  const secret = tlsTicketSecretFile === "" ? null : String(tlsTicketSecretFile);
  const tls = tlsCertFile === "" ? null : { certFile: String(tlsCertFile), keyFile: String(tlsKeyFile), ticketSecretFile: secret };
  resolveGuardOptions(guard, tls !== null);
  if (proxied !== undefined) resolveProxiedListener(proxied);
  return { guard, proxied, tls };
}

/** What stands before the listener, with the secret read, or why it cannot. `readToken` reads a file. */
export function listenerParts({ proxied, tls }: ListenerConfig, readToken: (path: string) => Checked<string>): Checked<Pick<ListenerParts, "proxied" | "tls">> {
  const secret = tls === null || tls.ticketSecretFile === null ? null : readToken(tls.ticketSecretFile);
  if (secret !== null && !secret.ok) return secret;
  return good({
    ...(proxied === undefined ? {} : { proxied }),
    ...(tls === null ? {} : { tls: { certFile: tls.certFile, keyFile: tls.keyFile, ...(secret === null ? {} : { ticketSecret: secret.value }) } }),
  });
}

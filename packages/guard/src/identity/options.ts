/**
 * Options of a listener behind a PROXY header: each documented once, filled and checked in one place, then frozen.
 */
import { type CidrList, cidrList } from "./cidr.ts";
import type { ProxyMode } from "./proxy-protocol/reader.ts";

export interface ProxiedListenerOptions {
  /** What every connection of this listener begins with. There is no mode that tries. @default "off" */
  readonly proxyProtocol?: ProxyMode;
  /** Networks of the proxies; `"unix"` is any peer of a Unix socket. Required unless `off`. */
  readonly proxyTrusted?: readonly string[];
  /** Time for the whole header after the accept. Raise it only for proxies that are far away. @default 5000 */
  readonly proxyHeaderMs?: number;
  /** The longest header of version 2. @default 536 */
  readonly proxyHeaderBytesMax?: number;
  /** Connections that wait for their header at once; one more is refused. @default 1000 */
  readonly proxyWaitingMax?: number;
}

export interface ResolvedProxiedListener {
  readonly proxyProtocol: ProxyMode;
  readonly proxyTrusted: CidrList;
  readonly proxyHeaderMs: number;
  readonly proxyHeaderBytesMax: number;
  readonly proxyWaitingMax: number;
}

interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  readonly what: string;
}

/** Defaults and meaning; the table in docs/who-is-it.md is made from it. */
export const identityOptionDocs = {
  proxyProtocol: {
    default: "off",
    unit: "mode",
    what: "`off`, `v1`, `v2` or `v1-or-v2`: what every connection of the listener begins with. It is declared, never guessed: none of them takes a connection with and without",
  },
  proxyTrusted: {
    default: [],
    unit: "networks",
    what: "Where the header may come from: CIDR networks, addresses, or `unix` for peers of a Unix socket. Others are closed without an answer. Required unless `off`",
  },
  proxyHeaderMs: { default: 5_000, unit: "ms", what: "Time for the whole header after the accept; then the connection is closed without an answer" },
  proxyHeaderBytesMax: { default: 536, unit: "bytes", what: "The longest header of version 2, 16 to 65551. Version 1 has at most 107 by its specification" },
  proxyWaitingMax: { default: 1_000, unit: "connections", what: "Connections that wait for their header at once; one more is closed without an answer" },
} as const satisfies Readonly<Record<keyof ProxiedListenerOptions, OptionDoc>>;

const modes: readonly ProxyMode[] = ["off", "v1", "v2", "v1-or-v2"];

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new TypeError(`Expected \`${name}\` to be a whole number in [${min}, ${max}], got ${String(value)}`);
}

/** Fills and checks the options of one listener. */
export function resolveProxiedListener(options: ProxiedListenerOptions): ResolvedProxiedListener {
  const docs = identityOptionDocs;
  for (const name of Object.keys(options)) if (!(name in docs)) throw new TypeError(`Expected an option of a listener, got \`${name}\``);
  const proxyProtocol = options.proxyProtocol ?? docs.proxyProtocol.default;
  if (!modes.includes(proxyProtocol)) throw new TypeError(`Expected \`proxyProtocol\` to be one of ${modes.join(", ")}, got ${JSON.stringify(proxyProtocol)}`);
  const proxyTrusted = cidrList(options.proxyTrusted ?? docs.proxyTrusted.default);
  if (proxyProtocol !== "off" && proxyTrusted.entries.length === 0) {
    throw new TypeError("Expected `proxyTrusted` to name the proxies: a header that anybody may send lets anybody choose his address");
  }
  return Object.freeze({
    proxyProtocol,
    proxyTrusted,
    proxyHeaderMs: whole("proxyHeaderMs", options.proxyHeaderMs ?? docs.proxyHeaderMs.default, 1, 600_000),
    proxyHeaderBytesMax: whole("proxyHeaderBytesMax", options.proxyHeaderBytesMax ?? docs.proxyHeaderBytesMax.default, 16, 65_551),
    proxyWaitingMax: whole("proxyWaitingMax", options.proxyWaitingMax ?? docs.proxyWaitingMax.default, 1, 1_000_000),
  });
}

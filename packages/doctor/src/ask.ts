/**
 * What the doctor is asked to examine, filled with defaults and checked in one place. Pure; frozen.
 */
import { ownHeaders } from "./probes/own-headers.ts";

/** What can be examined by itself. */
export const probeNames = ["tls", "keep-alive", "http1", "http2", "websocket", "event-stream", "tcp", "matrix", "origin"] as const;
export type ProbeName = (typeof probeNames)[number];

export interface AskOptions {
  readonly maxMs: number;
  readonly only: readonly ProbeName[];
  readonly except: readonly ProbeName[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly token: string;
  readonly prefix: string;
  readonly ca: string;
  readonly insecure: boolean;
  readonly connections: number;
  readonly opensPerSecond: number;
}

export interface Ask extends AskOptions {
  readonly url: URL;
}

interface OptionDoc {
  readonly default: string | number | boolean | readonly string[];
  readonly unit: string;
  readonly what: string;
}

/** Defaults and meaning; docs/doctor.md is made from it. */
export const askOptionDocs = {
  maxMs: { default: 70_000, unit: "ms", what: "The examination ends after this. A timer above it is reported as `at least`. From 1 s to 2 h" },
  only: { default: [], unit: "probes", what: `Only these: ${probeNames.join(", ")}. Empty: all` },
  except: { default: [], unit: "probes", what: "Not these" },
  headers: { default: [], unit: "pairs", what: "Sent with every request, upgrade and event stream" },
  token: { default: "", unit: "text", what: "Who this is, as `Authorization: Bearer`: to the application, and to the agent" },
  prefix: { default: "/.holdfast/doctor", unit: "path", what: "Where the agent's endpoints are, if there are any" },
  ca: { default: "", unit: "PEM", what: "Certificates to trust beside the system's" },
  insecure: { default: false, unit: "switch", what: "Go on although the certificate is not trusted; what is wrong with it is reported all the same" },
  connections: { default: 100, unit: "connections", what: "Open at once, all transports together; each delay of a ladder needs one. From 8 to 512" },
  opensPerSecond: { default: 20, unit: "connections per second", what: "Opened in any second, so that the target is not burdened. From 1 to 500" },
} as const satisfies Record<keyof AskOptions, OptionDoc>;

const bounds: Readonly<Partial<Record<keyof AskOptions, readonly [least: number, most: number]>>> = {
  maxMs: [1_000, 7_200_000],
  connections: [8, 512],
  opensPerSecond: [1, 500],
};

/** Throws a TypeError that names the option and what was expected. */
export function resolveAsk(url: string | URL, given: Partial<AskOptions> = {}): Ask {
  for (const name of Object.keys(given)) if (!Object.hasOwn(askOptionDocs, name)) throw new TypeError(`Expected a known option of the doctor, got \`${name}\``);
  const defaults = Object.fromEntries(Object.entries(askOptionDocs).map(([name, doc]) => [name, doc.default])) as unknown as AskOptions;
  const ask: Ask = { ...defaults, ...given, url: checkUrl(url) };
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const value = ask[name as "maxMs"];
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new TypeError(`Expected \`${name}\` to be a whole number from ${least} to ${most}, got ${String(value)}`);
  }
  for (const name of [...ask.only, ...ask.except])
    if (!probeNames.includes(name)) throw new TypeError(`Expected a probe (${probeNames.join(", ")}), got ${JSON.stringify(name)}`);
  if (ask.insecure && ask.ca !== "") throw new TypeError("Expected `insecure` or `ca`, not both");
  if (!/^\/[\x21-\x7e]*[^/]$/.test(ask.prefix))
    throw new TypeError(`Expected \`prefix\` to be a path without a slash at its end, got ${JSON.stringify(ask.prefix)}`);
  for (const [name, value] of [...ask.headers, ["token", ask.token] as const]) checkHeader(name, value);
  return Object.freeze(ask);
}

/** ws: and wss: say that a WebSocket is expected there; connections are made to what they stand on. */
function checkUrl(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(String(given)) : null;
  if (url === null || !["http:", "https:", "ws:", "wss:"].includes(url.protocol))
    throw new TypeError(`Expected an address like https://example.com/, got ${JSON.stringify(String(given))}`);
  if (url.username !== "" || url.password !== "") throw new TypeError("Expected an address without a password in it; give an Authorization header instead");
  url.hash = "";
  return url;
}

function checkHeader(name: string, value: string): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new TypeError(`Expected a header's name, got ${JSON.stringify(name)}`);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new TypeError(`Expected the value of ${name} to be one line`);
  if (ownHeaders.has(name.toLowerCase())) throw new TypeError(`Expected another header than ${name}: how the connection is kept is what is measured`);
}

/** Whether a probe was asked for. */
export function isAsked({ only, except }: Pick<AskOptions, "only" | "except">, name: ProbeName): boolean {
  return (only.length === 0 || only.includes(name)) && !except.includes(name);
}

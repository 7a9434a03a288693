/**
 * What `holdfast time` was asked to do, out of its arguments. Pure: files are named here and read elsewhere.
 */
import { bad, type Checked, choiceFlag, countFlag, type Given, good, isOn, textFlag } from "../args.ts";

export const http2Choices = ["auto", "only", "never"] as const;

/** What is sent, how often, and over what. */
export interface Ask {
  readonly url: URL;
  readonly method: string;
  /** In order, names as they were given. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly requests: number;
  readonly concurrency: number;
  readonly pauseMs: number;
  readonly maxMs: number;
  readonly http2: (typeof http2Choices)[number];
  readonly insecure: boolean;
  readonly caFile: string | null;
}

export const requestsDefault = 20;
export const requestsMax = 1_000;
export const concurrencyMax = 100;
export const maxDefault = "60s";
const durationMsMax = 3_600_000;

const units: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1_000, m: 60_000 };

/** `250`, `250ms`, `1.5s`, `2m` in ms; null for anything else, and for what is above an hour. */
export function duration(text: string): number | null {
  const [, amount = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|)$/.exec(text) ?? [];
  if (amount === "") return null;
  const ms = Number(amount) * (units[unit] as number);
  return ms <= durationMsMax ? ms : null;
}

function durationFlag(given: Given, name: string, fallback: string, leastMs: number): Checked<number> {
  const text = textFlag(given, name) ?? fallback;
  const ms = duration(text);
  return ms === null || ms < leastMs
    ? bad(`expected --${name} to be a time such as 250ms, 1.5s or 2m, at most an hour, got ${JSON.stringify(text)}`)
    : good(ms);
}

export function askOf(given: Given): Checked<Ask> {
  const url = urlOf(given.operands[0] ?? "");
  if (!url.ok) return url;
  const requests = countFlag(given, "requests", 2, requestsMax, requestsDefault);
  if (!requests.ok) return requests;
  const concurrency = countFlag(given, "concurrency", 1, concurrencyMax, 1);
  if (!concurrency.ok) return concurrency;
  if (concurrency.value >= requests.value) return bad("expected --concurrency to be less than --requests: else each request has a connection of its own");
  const pause = durationFlag(given, "pause", "0", 0);
  if (!pause.ok) return pause;
  const max = durationFlag(given, "max", maxDefault, 1);
  if (!max.ok) return max;
  const http2 = choiceFlag(given, "http2", http2Choices, "auto");
  if (!http2.ok) return http2;
  const method = textFlag(given, "method") ?? "GET";
  if (!/^[A-Z]{1,20}$/.test(method) || method === "CONNECT")
    return bad(`expected --method to be a method in capitals, not CONNECT, got ${JSON.stringify(method)}`);
  const headers = headersOf(given.flags.get("header"));
  if (!headers.ok) return headers;
  const [insecure, caFile] = [isOn(given, "insecure"), textFlag(given, "ca") ?? null];
  if (insecure && caFile !== null) return bad("--insecure and --ca do not go together");
  return good({
    url: url.value,
    method,
    headers: headers.value,
    requests: requests.value,
    concurrency: concurrency.value,
    pauseMs: pause.value,
    maxMs: max.value,
    http2: http2.value,
    insecure,
    caFile,
  });
}

function urlOf(text: string): Checked<URL> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return bad(`expected an address like https://example.com/, got ${JSON.stringify(text)}`);
  if (url.username !== "" || url.password !== "") return bad("expected an address without a password in it; give an Authorization header with --header");
  return good(url);
}

/** What belongs to the connection and to the body is not the caller's: it would decide what is measured. */
const ownHeaders: ReadonlySet<string> = new Set(["connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"]);

function headersOf(flag: unknown): Checked<(readonly [string, string])[]> {
  const headers: (readonly [string, string])[] = [];
  for (const text of Array.isArray(flag) ? (flag as string[]) : []) {
    const [, name = "", value = ""] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
    if (name === "") return bad(`expected --header to be "Name: value", got ${JSON.stringify(text)}`);
    if (ownHeaders.has(name.toLowerCase())) return bad(`--header can not set ${name}: how the connection is kept is what is measured`);
    headers.push([name, value.trim()]);
  }
  return good(headers);
}

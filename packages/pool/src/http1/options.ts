/**
 * Options of HTTP/1.1 connections beside those of Pool<T>: each documented once, filled and checked in one place.
 */
import { type Never, type OptionDoc, resolveQuantities } from "../option-docs.ts";

export interface Http1Options {
  readonly headersTimeoutMs: number | Never;
  readonly bodyTimeoutMs: number | Never;
  readonly headBytesMax: number;
  readonly hedgeAfterMs: number | Never;
  readonly hedgePercentMax: number;
  readonly dnsRecheckMs: number | Never;
  readonly addressGoneMs: number;
}

/** Defaults and meaning; docs/pool.md is made from it. */
export const http1OptionDocs = {
  headersTimeoutMs: {
    default: 300_000,
    unit: "ms",
    never: true,
    what: "From the request to the whole head of its answer; a request's own `headersTimeout` goes first",
  },
  bodyTimeoutMs: {
    default: 300_000,
    unit: "ms",
    never: true,
    what: 'Longest pause within an answer; a request\'s own `bodyTimeout` goes first. A stream that is silent for longer needs "never"',
  },
  headBytesMax: { default: 16_384, unit: "bytes", what: "Largest head of an answer" },
  hedgeAfterMs: {
    default: "never",
    unit: "ms",
    never: true,
    what: "Silence after which an idempotent request is sent a second time, on another connection; the first answer is taken and the other cancelled",
  },
  hedgePercentMax: {
    default: 10,
    unit: "percent",
    what: "Of all requests that may be sent twice, so that a slow server is not given twice the load",
  },
  dnsRecheckMs: {
    default: 30_000,
    unit: "ms",
    never: true,
    what: "How often the name is asked again while connections are reused, so that a change is noticed without a new connection",
  },
  addressGoneMs: {
    default: 60_000,
    unit: "ms",
    what: "How long an address is missing from the answers before its connections end as `address_gone`: resolvers name a part of many in turn",
  },
} as const satisfies Record<keyof Http1Options, OptionDoc>;

/** Fills defaults and checks. */
export function resolveHttp1Options(given: Partial<Http1Options> = {}): Http1Options {
  return resolveQuantities(http1OptionDocs, given as Readonly<Record<string, unknown>>) as unknown as Http1Options;
}

/**
 * What the admin listener answers: figures, the table of connections, and the few things that an operator may do to them. It knows no
 * socket (adapters/admin-server.ts does). It must never be reachable by way of the public listener.
 */
import type { Registry } from "prom-client";
import type { ConnectionRow } from "../connection-row.ts";
import type { Guard } from "../guard.ts";
import { isLoopback, parseAddress } from "../identity/address.ts";
import { hostPolicy } from "../identity/host.ts";
import {
  type AccessPolicy,
  type AdminFault,
  type AdminFaultCode,
  type AdminRequest,
  accessFault,
  adminFaults,
  digestOf,
  type Needs,
  tokenCharsMin,
} from "./access.ts";
import { expose } from "./exposition.ts";
import { protocolLabel } from "./figures.ts";
import { tablePage } from "./html.ts";
import { lookingLimits } from "./limits.ts";
import { guardMetricDocs } from "./metric-docs.ts";
import { guardMetrics, type Looked } from "./metrics.ts";
import { parseSelection, selectRows } from "./select.ts";

export interface AdminOptions {
  readonly guard: Looked & Pick<Guard, "kill" | "findings">;
  /** @default 127.0.0.1. Any other than a loopback address demands `token`. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Further names to answer to, beside loopback and the address that takes the request. */
  readonly hosts?: readonly string[];
  /** At least 16 characters. Given, every request but those for health must bring it: `Authorization: Bearer`. */
  readonly token?: string;
  /** What `/metrics` shows. @default a new one with guard's metrics */
  readonly registry?: Registry;
  /** `POST /revoke?subject=`: takes back what a subject was allowed, and returns how many connections that concerned. Absent: 404. */
  readonly revoke?: (subject: string) => number | Promise<number>;
  /** `POST /drain`: begins to drain and returns at once. Absent: 404. */
  readonly drain?: () => void;
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Asked {
  readonly query: URLSearchParams;
  /** The part of the path after the route's own, decoded. */
  readonly rest: string;
}

interface Route {
  readonly method: "GET" | "DELETE" | "POST";
  readonly token: boolean;
  readonly answer: (asked: Asked) => AdminAnswer | AdminFault | Promise<AdminAnswer | AdminFault>;
}

const common = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

const hostDefault = "127.0.0.1";

export class Admin {
  /** Requests turned away, by code. */
  readonly refused = new Map<AdminFaultCode, number>();
  readonly #guard: AdminOptions["guard"];
  readonly #policy: AccessPolicy;
  readonly #registry: Registry;
  readonly #routes: Readonly<Record<string, Route>>;

  constructor(options: AdminOptions) {
    const { guard } = options;
    this.#guard = guard;
    this.#policy = policyOf(options);
    this.#registry = options.registry ?? guardMetrics(guard);
    this.#routes = this.#routesOf(options);
    const { type, what } = guardMetricDocs.holdfast_guard_admin_refused_total;
    expose(this.#registry, "holdfast_guard_admin_refused_total", type, what, () =>
      (Object.keys(adminFaults) as AdminFaultCode[]).map((code) => ({ labels: { code }, value: this.refused.get(code) ?? 0 })),
    );
  }

  /** Counts what was turned away. */
  refuse(code: AdminFaultCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }

  async answer(request: AdminRequest): Promise<AdminAnswer> {
    // What a host's own function throws is for its log, not for whoever asks.
    const answer = await this.#answer(request).catch((): AdminFault => ({ code: "failed", message: "the server could not answer" }));
    if ("status" in answer) return answer;
    const { code, message, headers } = answer;
    this.refuse(code);
    return json(adminFaults[code], { error: { code, message } }, headers);
  }

  async #answer(request: AdminRequest): Promise<AdminAnswer | AdminFault> {
    const asked = this.#find(request.target);
    const found = asked?.routes.find(({ method }) => method === request.method || (method === "GET" && request.method === "HEAD"));
    const needs: Needs = { token: found?.token ?? true, writes: request.method !== "GET" && request.method !== "HEAD" };
    const fault = accessFault(request, this.#policy, needs);
    if (fault !== null) return fault;
    if (asked === null) return { code: "not_found", message: "no such resource" };
    if (found === undefined) {
      const allowed = asked.routes.map(({ method }) => method).join(", ");
      return { code: "method_not_allowed", message: `expected ${allowed}`, headers: { Allow: allowed } };
    }
    return await found.answer(asked);
  }

  /** The routes of a target's path. */
  #find(target: string): (Asked & { readonly routes: readonly Route[] }) | null {
    if (!target.startsWith("/") || target.startsWith("//") || !URL.canParse(target, "http://admin")) return null;
    const { pathname, searchParams: query } = new URL(target, "http://admin");
    const slash = pathname.indexOf("/", 1);
    const [path, rest] = slash < 0 ? [pathname, ""] : [pathname.slice(0, slash + 1), pathname.slice(slash + 1)];
    if (slash >= 0 && !/^[\w-]{1,64}$/.test(rest)) return null;
    const routes = ["GET", "DELETE", "POST"].flatMap((method) => this.#routes[`${method} ${path}`] ?? []);
    return routes.length === 0 ? null : { query, rest, routes };
  }

  #routesOf({ revoke, drain }: AdminOptions): Readonly<Record<string, Route>> {
    const guard = this.#guard;
    const routes: Record<string, Route> = {
      "GET /": { method: "GET", token: true, answer: ({ query }) => this.#table(query, "html") },
      "GET /connections": { method: "GET", token: true, answer: ({ query }) => this.#table(query, "json") },
      "GET /findings": { method: "GET", token: true, answer: () => json(200, { findings: guard.findings() }) },
      "DELETE /connections/": {
        method: "DELETE",
        token: true,
        answer: ({ rest }) => (guard.kill(rest) ? { status: 204, headers: common, body: "" } : { code: "not_found", message: "no connection of that id" }),
      },
      "GET /metrics": { method: "GET", token: true, answer: async () => text(await this.#registry.metrics(), this.#registry.contentType) },
      // A probe that is told no asks again, and restarts what is well: these need no token, and say one word.
      "GET /healthz": { method: "GET", token: false, answer: () => json(200, { status: "ok" }) },
      "GET /readyz": {
        method: "GET",
        token: false,
        answer: () => (guard.ready ? json(200, { status: "ready" }) : json(503, { status: "draining" })),
      },
    };
    if (drain !== undefined) {
      routes["POST /drain"] = {
        method: "POST",
        token: true,
        answer: () => {
          drain();
          return json(202, { status: "draining" });
        },
      };
    }
    if (revoke !== undefined) routes["POST /revoke"] = { method: "POST", token: true, answer: ({ query }) => revoked(query, revoke) };
    return routes;
  }

  #table(query: URLSearchParams, as: "html" | "json"): AdminAnswer | AdminFault {
    const selection = parseSelection(query);
    if (typeof selection === "string") return { code: "bad_request", message: selection };
    const all = this.#guard.connections();
    const { rows, matching } = selectRows(all, selection);
    const shown = rows.map(plain);
    const descriptors = this.#guard.descriptors();
    const findings = this.#guard.findings();
    const totals = { open: all.length, matching, descriptors, learned: findings.map(({ title }) => title) };
    if (as === "html") return text(tablePage(shown, totals), "text/html; charset=utf-8");
    return json(200, { connections: shown, matching, open: all.length, limit: this.#guard.options.connectionsMax, descriptors, findings });
  }
}

/** What peers write is cut, and the name of an upgrade is not repeated at all. */
function plain(row: ConnectionRow): ConnectionRow {
  return { ...row, protocol: protocolLabel(row.protocol), subject: row.subject?.slice(0, lookingLimits.subjectCharsMax.value) ?? null };
}

async function revoked(query: URLSearchParams, revoke: (subject: string) => number | Promise<number>): Promise<AdminAnswer | AdminFault> {
  const subjects = query.getAll("subject");
  const [subject = ""] = subjects;
  if (subjects.length !== 1 || subject === "") return { code: "bad_request", message: "expected one subject" };
  return json(200, { revoked: await revoke(subject) });
}

/** Why there can be no listener with these options, above all because it would stand open; null: there can. */
export function adminOptionsFault({ host = hostDefault, hosts, token }: Pick<AdminOptions, "host" | "hosts" | "token">): string | null {
  if (token !== undefined && !(token.length >= tokenCharsMin && /^[!-~]+$/.test(token))) {
    return `expected the admin token to have at least ${tokenCharsMin} visible ASCII characters`;
  }
  if (token === undefined && !isLocal(host)) return `expected a token for an admin listener on ${host}: without one it listens on loopback addresses only`;
  try {
    hostPolicy({ hosts: hosts ?? [] });
    return null;
  } catch (thrown) {
    return (thrown as TypeError).message;
  }
}

function isLocal(host: string): boolean {
  const address = parseAddress(host);
  return host === "localhost" || (address !== null && isLoopback(address));
}

/** @throws {TypeError} for what `adminOptionsFault` says */
function policyOf(options: AdminOptions): AccessPolicy {
  const fault = adminOptionsFault(options);
  if (fault !== null) throw new TypeError(fault);
  const { hosts = [], token } = options;
  return { hosts: hostPolicy({ hosts }), tokenDigest: token === undefined ? null : digestOf(token) };
}

function json(status: number, value: unknown, extra: Readonly<Record<string, string>> = {}): AdminAnswer {
  return { status, headers: { ...common, "Content-Type": "application/json; charset=utf-8", ...extra }, body: `${JSON.stringify(value)}\n` };
}

function text(body: string, contentType: string): AdminAnswer {
  return { status: 200, headers: { ...common, "Content-Type": contentType }, body };
}

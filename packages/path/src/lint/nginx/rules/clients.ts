/**
 * Connections with users: how long and for how many requests they are kept, and whether TLS sessions are.
 */
import type { Finding } from "../../../finding.ts";
import type { Directive } from "../parser.ts";
import { type Rule, report } from "../rule.ts";
import { held, isOn, own, type Scope } from "../scope.ts";
import { nginxCount, nginxTimeMs } from "../units.ts";

const requestsMin = 100;

export const keepaliveOff: Rule = ({ site }) => {
  const scopes: Scope[] = [
    ...(site.http === null ? [] : [site.http]),
    ...site.servers.filter(({ scope }) => scope.kind === "server").map(({ scope }) => scope),
  ];
  return scopes.flatMap((scope): Finding[] => {
    const directive = own(scope, "keepalive_timeout");
    const requests = own(scope, "keepalive_requests");
    const off =
      directive !== null && nginxTimeMs(directive.args[0]) === 0 ? directive : requests !== null && nginxCount(requests.args[0]) === 0 ? requests : null;
    if (off === null || (scope.kind === "server" && answersItself(scope))) return [];
    return [
      report("nginx_keepalive_off", {
        title: `\`${off.name} 0\` closes every connection with users after its first answer`,
        place: off.place,
        advice: [off.name === "keepalive_timeout" ? "keepalive_timeout 75s;" : "keepalive_requests 1000;"],
      }),
    ];
  });
};

/** A server that only redirects or refuses has nobody to keep a connection for. */
const answersItself = (scope: Scope): boolean => own(scope, "return") !== null && own(scope, "location") === null;

export const keepaliveRequests: Rule = ({ site }) => {
  const ofUsers = [site.http, ...site.servers.map(({ scope }) => scope)].filter((scope) => scope !== null);
  const low = (scope: Scope, what: string): Finding[] => {
    const directive = own(scope, "keepalive_requests");
    const count = nginxCount(directive?.args[0]);
    if (directive === null || count === null || count === 0 || count >= requestsMin) return [];
    return [
      report("nginx_keepalive_requests_low", {
        title: `connections with ${what} end after ${count} requests`,
        place: directive.place,
        advice: ["keepalive_requests 1000;"],
      }),
    ];
  };
  return [...ofUsers.flatMap((scope) => low(scope, "users")), ...site.upstreams.flatMap(({ name, scope }) => low(scope, `the servers of upstream ${name}`))];
};

export const tlsResumption: Rule = ({ site }) => {
  const secure = site.servers.filter(({ scope, listens }) => scope.kind === "server" && listens.some(({ words }) => words.includes("ssl")));
  const lacking = secure.filter(({ scope }) => !isShared(held(scope, "ssl_session_cache")));
  const [worst] = lacking.filter(({ scope }) => !isOn(scope, "ssl_session_tickets", true));
  const first = worst ?? lacking.find(({ scope }) => held(scope, "ssl_session_ticket_key") === null);
  if (first === undefined) return [];
  const place = held(first.scope, "ssl_session_cache")?.place ?? first.listens.find(({ words }) => words.includes("ssl"))?.place ?? first.scope.place;
  const title =
    worst !== undefined
      ? "TLS sessions are never resumed: there are neither tickets nor a shared cache"
      : "TLS sessions are resumed by tickets of this instance alone: of N replicas, one in N resumes";
  const ticketKey = worst === undefined ? ["ssl_session_ticket_key /etc/nginx/ticket.key;   # the same on all replicas"] : [];
  return [
    report("nginx_tls_no_resumption", {
      title,
      place,
      related: lacking.filter((each) => each !== first).map(({ scope }) => scope.place),
      advice: ["ssl_session_cache shared:tls:10m;", ...ticketKey],
      ...(worst === undefined ? { severity: "info" } : {}),
    }),
  ];
};

const isShared = (directive: Directive | null): boolean => directive?.args.some((arg) => arg.startsWith("shared:")) ?? false;

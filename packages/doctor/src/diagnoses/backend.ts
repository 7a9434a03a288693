/** How requests reach the application: on which connections, by which HTTP version, and who ends them there. */
import type { BackendFact, Facts } from "../facts.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { agentFinding, linesFor, proxySeen } from "./origin-words.ts";

const backendOf = ({ origin }: Facts): BackendFact | null => (origin.known && origin.value.backend.known ? origin.value.backend.value : null);

const seen = ({ connections, asksToClose, httpVersions }: BackendFact): string[] => [
  `${connections.length} requests over one connection from here came to the application on ${new Set(connections).size}, as HTTP/${httpVersions.join(" and HTTP/")}`,
  asksToClose === 0 ? "none of them asked for the connection to be closed" : `${asksToClose} of them arrived with \`Connection: close\``,
];

export const backendHttp10: Diagnosis = (facts) => {
  const backend = backendOf(facts);
  if (backend === null || !backend.httpVersions.includes("1.0")) return [];
  return [
    agentFinding("backend_http10", {
      title: "Requests reach the application as HTTP/1.0",
      hop: proxySeen(facts),
      evidence: seen(backend),
      advice: linesFor(facts, { nginx: '`proxy_http_version 1.1; proxy_set_header Connection "";` in that location', apache: "no `force-proxy-request-1.0`" }),
    }),
  ];
};

export const backendConnectionClose: Diagnosis = (facts) => {
  const backend = backendOf(facts);
  if (backend === null || backend.reuse !== "never" || backend.endedBy === "application") return [];
  return [
    agentFinding("backend_connection_close", {
      title:
        backend.asksToClose > 0
          ? "Each request asks the application to close its connection"
          : "Each request comes to the application on a connection of its own",
      hop: proxySeen(facts),
      evidence: seen(backend),
      advice: linesFor(facts, {
        nginx:
          '`upstream app { server ...; keepalive 64; }`, and in the location `proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";`',
        haproxy: "no `option httpclose`, no `option http-server-close`; `http-reuse safe`",
        apache: "no `disablereuse=On` at that `ProxyPass`",
        caddy: "no `keepalive off` in `transport http`",
        squid: "`server_persistent_connections on`",
      }),
    }),
  ];
};

export const backendClosedByApplication: Diagnosis = (facts) => {
  const backend = backendOf(facts);
  if (backend === null || backend.reuse !== "never" || backend.endedBy !== "application") return [];
  return [
    agentFinding("backend_closed_by_application", {
      title: "The application ends its connection to the hop after each answer",
      evidence: seen(backend),
      advice: ["Node: `server.keepAliveTimeout = 65_000`, and no `Connection: close` in answers."],
    }),
  ];
};

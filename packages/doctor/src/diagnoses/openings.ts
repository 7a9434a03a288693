/** What should open and does not: an upgrade, an event stream; and what opens and never ends: a connection without a request. */
import type { Diagnosis } from "./diagnosis.ts";
import { probeFinding, time } from "./words.ts";

const upgradeLines = [
  "nginx, in that location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;`",
];

/** What to do about a refusal, by its status. */
function upgradeAdvice(status: number | null): string[] {
  if (status === 401 || status === 403 || status === 407)
    return ["Say who asks, with `--token-file FILE` or `--header 'Name: value'`; servers also look at `Origin`."];
  if (status === 404)
    return ["See whether the path is the one on which WebSockets are taken; an application that gets no upgrade often says 404 too.", ...upgradeLines];
  if (status !== null && status >= 300 && status < 400) return ["A WebSocket follows no redirect: name the address that it leads to."];
  return upgradeLines;
}

export const webSocketLost: Diagnosis = ({ webSocket, helper, hops, http, url: asked }) => {
  const isWanted = /^wss?:/.test(asked);
  if (!webSocket.known && (!isWanted || !http.known || webSocket.why === "not asked for" || webSocket.why === "the time was over")) return [];
  if (webSocket.known && webSocket.value.taken) return [];
  const status = webSocket.known ? webSocket.value.status : null;
  const isOffered = helper.known && helper.value.server["socket"] === true;
  if (!isOffered && !isWanted && status !== 426) return [];
  const place = webSocket.known ? webSocket.value.url : asked;
  return [
    probeFinding("websocket_lost", {
      title: status === null ? `The upgrade at ${place} did not come about` : `The upgrade at ${place} was answered with ${status}`,
      severity: isOffered || isWanted ? "error" : "warning",
      hop: hops.find(({ product }) => product !== null)?.product ?? null,
      evidence: [
        ...(webSocket.known ? [] : [webSocket.why]),
        isOffered
          ? "the agent behind the path takes upgrades, so this one did not arrive"
          : isWanted
            ? "the URL is one of a WebSocket, so somebody takes them there"
            : "426 says that an upgrade is wanted, and one was sent",
      ],
      advice: isOffered ? upgradeLines : upgradeAdvice(status),
    }),
  ];
};

export const eventStreamLost: Diagnosis = ({ eventStream, helper }) => {
  if (!helper.known || !eventStream.known || eventStream.value.is) return [];
  const { status, contentType, url } = eventStream.value;
  return [probeFinding("event_stream_lost", { title: `The agent's event stream at ${url} came as ${status}, ${contentType ?? "without a content type"}` })];
};

const longMs = 60_000;

export const headerTimeout: Diagnosis = ({ idle }) => {
  const fact = idle.find(({ of, moving }) => of === "tcp" && moving === "nothing");
  if (fact === undefined || fact.atLeastMs < longMs) return [];
  return [
    probeFinding("header_timeout_missing", {
      title: `A connection that sends nothing is kept for ${fact.atMostMs === null ? `at least ${time(fact.atLeastMs)}` : time(fact.atMostMs)}`,
      advice: ["nginx `client_header_timeout 10s`, HAProxy `timeout http-request 10s`, guard `headersMs`."],
    }),
  ];
};

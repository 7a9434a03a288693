/** What should open and does not: an upgrade, an event stream; and what opens and never ends: a connection without a request. */
import type { Diagnosis } from "./diagnosis.ts";
import { probeFinding, time } from "./words.ts";

export const webSocketLost: Diagnosis = ({ webSocket, helper, hops }) => {
  if (!webSocket.known || webSocket.value.taken) return [];
  const { status, url } = webSocket.value;
  const isOffered = helper.known && helper.value.server["socket"] === true;
  if (!isOffered && status !== 426) return [];
  return [
    probeFinding("websocket_lost", {
      title: `The upgrade at ${url} was answered with ${status}`,
      severity: isOffered ? "error" : "warning",
      hop: hops.find(({ product }) => product !== null)?.product ?? null,
      evidence: [isOffered ? "the agent behind the path takes upgrades, so this one did not arrive" : "426 says that an upgrade is wanted, and one was sent"],
      advice: ["nginx, in that location: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;`"],
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

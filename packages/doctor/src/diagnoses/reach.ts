/** That nothing was reached, that nothing answered, or that another answer came than somebody wants to have examined. */
import type { Facts } from "../facts.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { probeFinding, time } from "./words.ts";

const isSocketUrl = (url: string): boolean => /^wss?:/.test(url);
const isSecureUrl = (url: string): boolean => /^(?:https|wss):/.test(url);

/** What the system says, and what to do about it; the first that fits. */
const faults: readonly (readonly [says: RegExp, advice: string])[] = [
  [/ENOTFOUND|EAI_|no address|not found in time/, "Look at the name's records (`dig NAME A AAAA`), and at the resolver of this machine."],
  [/ECONNREFUSED/, "Nobody listens there: start what should, or correct the port. In a container, see that it listens on 0.0.0.0 and not on 127.0.0.1."],
  [
    /EPROTO|SSL|TLS|ECONNRESET|closed while it was made/,
    "Try the URL with `http:` (`ws:`): what listens there may not speak TLS. Else look at its certificate and protocols.",
  ],
  [/ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL/, "There is no route from here: look at the network's routes, and whether this machine has IPv6."],
];
const dropped = "Packets get lost without a word: look at firewalls, security groups and at whether the address is the right one.";

export const unreachable: Diagnosis = ({ tcp, url, tookMs }) => {
  if (tcp.known) return [];
  const isCut = /time was over|aborted/.test(tcp.why);
  return [
    probeFinding("target_unreachable", {
      title: isCut ? `No connection to ${new URL(url).host} came about within ${time(tookMs)}` : `${new URL(url).host} can not be connected to: ${tcp.why}`,
      evidence: [tcp.why],
      advice: [faults.find(([says]) => says.test(tcp.why))?.[1] ?? dropped],
    }),
  ];
};

/** A certificate that is not good has a finding of its own. */
const isDistrusted = ({ http }: Facts): boolean => !http.known && /certificate is not good/.test(http.why);

export const unanswered: Diagnosis = (facts) => {
  const { tcp, tls, http, url, tookMs } = facts;
  if (!tcp.known || http.known || isDistrusted(facts)) return [];
  const why = /time was over/.test(http.why) ? `nothing came within ${time(tookMs)}` : http.why.replace("no answer over HTTP/1.1: ", "");
  return [
    probeFinding("no_http_answer", {
      title: `${new URL(url).host} takes connections and does not answer a request: ${why}`,
      evidence: [
        `TCP: connected in ${time(tcp.value.connectMs)}`,
        ...(tls.known ? [`${tls.value.version}, ALPN ${tls.value.alpn ?? "none"}`] : []),
        `HTTP: ${why}`,
      ],
      advice: [
        isSecureUrl(url)
          ? "Look whether the application answers behind the hop that ends TLS: ask it where it listens."
          : "Try the URL with `https:` (`wss:`): a port of TLS closes what is no handshake. Else ask the application where it listens, without the hops.",
        "An application that takes longer needs a longer `--max`; a URL that is no HTTP/1.1 (gRPC) is not examined.",
      ],
    }),
  ];
};

export const otherStatus: Diagnosis = ({ http, webSocket, url }) => {
  if (!http.known || http.value.status < 300 || isSocketUrl(url) || (webSocket.known && (webSocket.value.taken || webSocket.value.status === 426))) return [];
  const { status, headers } = http.value;
  const isRedirect = status < 400 && status !== 304;
  const location = headers["location"] ?? null;
  return [
    probeFinding("url_status", {
      severity: isRedirect ? "info" : "warning",
      title: isRedirect
        ? `The URL redirects (${status})${location === null ? "" : ` to ${location}`}: what was measured is the way to the redirect`
        : `The URL answers with ${status}: what was measured is the way to that answer`,
      evidence: [`GET ${new URL(url).pathname}: ${status}`],
      advice: [
        isRedirect
          ? "Examine the address that it leads to: it may be behind other hops."
          : [401, 403, 407].includes(status)
            ? "Say who asks, with `--token-file FILE` or `--header 'Name: value'`, or examine an address that needs neither."
            : status < 500
              ? "Name an address that the application knows, of the kind that has the problem."
              : "Look in the hop's log, and the application's, for this request first.",
      ],
    }),
  ];
};

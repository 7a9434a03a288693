/** After how long a hop gives up an answer that the application takes its time for. */
import type { Diagnosis } from "./diagnosis.ts";
import { agentFinding, linesFor, proxySeen } from "./origin-words.ts";
import { time } from "./words.ts";

export const responseDeadline: Diagnosis = (facts) => {
  if (!facts.origin.known || !facts.origin.value.deadline.known) return [];
  const { atMostMs, status, product } = facts.origin.value.deadline.value;
  if (atMostMs === null) return [];
  return [
    agentFinding("response_deadline", {
      title: `An answer that takes longer than ${time(atMostMs)} is given up`,
      hop: product ?? proxySeen(facts),
      evidence: [
        status === null ? "the connection ended without an answer" : `${status} came instead${product === null ? "" : `, in the words of ${product}`}`,
      ],
      advice: linesFor(facts, {
        nginx: "`proxy_read_timeout`",
        haproxy: "`timeout server`",
        apache: "`ProxyTimeout`, or `timeout=` at that `ProxyPass`",
        varnish: "`first_byte_timeout`",
        caddy: "`response_header_timeout` in `transport http`",
        squid: "`read_timeout`",
      }),
    }),
  ];
};

/** What becomes of the wish to upgrade on its way to the application. */
import type { Facts, UpgradeFact } from "../facts.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { agentFinding, linesFor, proxySeen } from "./origin-words.ts";

const upgradeOf = ({ origin }: Facts): UpgradeFact | null => (origin.known && origin.value.upgrade.known ? origin.value.upgrade.value : null);

export const upgradeNotForwarded: Diagnosis = (facts) => {
  const upgrade = upgradeOf(facts);
  if (upgrade === null || upgrade.taken || upgrade.arrived === null) return [];
  const { arrived, status } = upgrade;
  return [
    agentFinding("upgrade_not_forwarded", {
      title: "The request for a WebSocket arrives without its upgrade",
      hop: proxySeen(facts),
      evidence: [
        `sent: \`Connection: Upgrade\`, \`Upgrade: websocket\`; arrived: ${["connection", "upgrade"].map((name) => (arrived[name] === undefined ? `no \`${name}\`` : `\`${name}: ${arrived[name]}\``)).join(", ")}`,
        `the application answered ${status}`,
      ],
      advice: linesFor(facts, {
        nginx: "`proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;` in that very location",
        apache: "`ProxyPass / http://app/ upgrade=websocket`",
        varnish: "`return (pipe)` for it, and in `vcl_pipe` copy `Upgrade` and `Connection` from `req` to `bereq`",
        squid: "`http_upgrade_request_protocols websocket allow all`",
      }),
    }),
  ];
};

export const upgradeHeadersLost: Diagnosis = (facts) => {
  const upgrade = upgradeOf(facts);
  if (upgrade === null || !upgrade.taken || upgrade.protocol) return [];
  return [
    agentFinding("upgrade_headers_lost", {
      title: "A WebSocket's subprotocol gets lost on the way",
      hop: proxySeen(facts),
      evidence: ["with a subprotocol the handshake did not hold; without one it did"],
      advice: ["Let the hop pass `Sec-WebSocket-Protocol` on, in both directions."],
    }),
  ];
};

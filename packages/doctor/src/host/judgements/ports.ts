/** Ephemeral ports by destination, TIME-WAIT by side, and short connections by address. */
import type { Finding } from "@holdfast/path";
import type { SocketFact } from "../facts.ts";
import { counted, digits, hostFinding } from "../make.ts";
import { grouped, type HostView, keyOf } from "../view.ts";

/** How long a socket stands in TIME-WAIT: fixed in the kernel. */
const timeWaitSeconds = 60;
const pileMin = 100;
const incomingMin = 1_000;

export function ports(view: HostView): Finding[] {
  const outgoing = view.all.filter((socket) => socket.state !== "LISTEN" && !view.isIncoming(socket));
  return [...exhausted(view, outgoing), ...waiting(outgoing), ...incoming(view), ...churn(view)];
}

const isWaiting = ({ state }: SocketFact): boolean => state === "TIME-WAIT";

function exhausted(view: HostView, outgoing: readonly SocketFact[]): Finding[] {
  const [from, to] = [view.sysctl("net.ipv4.ip_local_port_range"), view.sysctl("net.ipv4.ip_local_port_range", 1)];
  if (from === null || to === null) return [];
  const range = to - from + 1;
  // One local address, one destination: that tuple has the range for itself.
  const [worst] = grouped(outgoing, ({ local, peer }) => `${local.address} -> ${keyOf(peer)}`);
  if (worst === undefined || worst[1].length < range * 0.6) return [];
  const [tuple, sockets] = worst;
  const idle = sockets.filter(isWaiting).length;
  return [
    hostFinding("ports_exhausted", {
      severity: sockets.length >= range * 0.9 ? "error" : "warning",
      title: `${digits(sockets.length)} of ${digits(range)} ephemeral ports are taken for ${tuple}`,
      evidence: [`net.ipv4.ip_local_port_range ${from} ${to}`, `${digits(idle)} of them in TIME-WAIT, ${digits(sockets.length - idle)} in use`],
      advice: [
        idle > sockets.length / 2 ? "reuse connections: the ports are held by ones that are over" : "fewer connections at the same time, or more destinations",
        "net.ipv4.ip_local_port_range = 1024 65535, with ports that are listened on in net.ipv4.ip_local_reserved_ports",
      ],
    }),
  ];
}

/** On which side they stand is what matters: it is the side that closed first. */
function waiting(outgoing: readonly SocketFact[]): Finding[] {
  return grouped(outgoing, ({ peer }) => keyOf(peer)).flatMap(([peer, sockets]) => {
    const over = sockets.filter(isWaiting).length;
    const open = sockets.length - over;
    if (over < pileMin || over < open) return [];
    return [
      hostFinding("time_wait_outgoing", {
        title: `${digits(over)} connections to ${peer} stand in TIME-WAIT and ${digits(open)} are in use: about ${digits(Math.round(over / timeWaitSeconds))} are opened per second, and this side closes them`,
        evidence: [`TIME-WAIT lasts ${timeWaitSeconds} s, at the side that closes first`],
        advice: [
          `keep connections to ${peer} and reuse them; nginx: upstream { server ${peer}; keepalive 32; } with proxy_http_version 1.1 and proxy_set_header Connection ""`,
          "neither tcp_tw_reuse nor tcp_fin_timeout is a cure: the first hides the pile, the second is another state's timer",
        ],
      }),
    ];
  });
}

function incoming(view: HostView): Finding[] {
  const here = view.all.filter((socket) => socket.state !== "LISTEN" && view.isIncoming(socket));
  return grouped(here, ({ local }) => String(local.port)).flatMap(([port, sockets]) => {
    const over = sockets.filter(isWaiting).length;
    if (over < incomingMin || over < sockets.length - over) return [];
    return [
      hostFinding("time_wait_incoming", {
        title: `${digits(over)} connections to port ${port} of this host stand in TIME-WAIT: this side closes them first, about ${digits(Math.round(over / timeWaitSeconds))} per second`,
        evidence: [`${counted(sockets.length - over, "connection")} open on that port`],
        advice: ["where a proxy is in front: its idle timer shorter than the one here, and keep-alive on (docs/timeouts.md)"],
      }),
    ];
  });
}

function churn(view: HostView): Finding[] {
  // Both sides of TIME-WAIT show a short connection of that peer, but only one side of each is here.
  const over = view.all.filter((socket) => isWaiting(socket) && view.isIncoming(socket));
  return grouped(over, ({ peer }) => peer.address)
    .slice(0, 3)
    .flatMap(([address, sockets]) => {
      const perSecond = sockets.length / timeWaitSeconds;
      if (perSecond < 1) return [];
      const open = view.all.filter((socket) => socket.state === "ESTAB" && socket.peer.address === address && view.isIncoming(socket)).length;
      return [
        hostFinding("health_check_churn", {
          title: `${address} opens about ${perSecond < 10 ? perSecond.toFixed(1) : digits(Math.round(perSecond))} short connections per second and keeps ${digits(open)}`,
          evidence: [`${digits(sockets.length)} of its connections in TIME-WAIT, which lasts ${timeWaitSeconds} s`],
          advice: ["if these are health checks: fewer, or with keep-alive; if it is a proxy: its keep-alive towards this host is off"],
        }),
      ];
    });
}

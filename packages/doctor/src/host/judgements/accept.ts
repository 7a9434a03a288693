/** Accept queues, and the queue of half-open connections before them. */
import type { Finding } from "@holdfast/path";
import { counted, digits, hostFinding } from "../make.ts";
import { type HostView, keyOf } from "../view.ts";

/** Older kernels take no more, and a program that is so far behind is not helped by a longer queue. */
const backlogMax = 65_535;
/** Of the connections that were taken: fewer overflows in the past are a bad moment, long over. */
const overflowShareMin = 0.001;

/** A tenth of all connections may come within a second after a restart. */
export function backlogFor(connections: number): number {
  const least = Math.ceil(connections / 10);
  return Math.min(backlogMax, 2 ** Math.ceil(Math.log2(Math.max(1_024, least))));
}

/** The line that makes room for `backlog`, and never takes some away. */
function queueLine(view: HostView, backlog: number): string {
  const least = (name: "net.core.somaxconn" | "net.ipv4.tcp_max_syn_backlog"): string => `${name}=${Math.max(backlog, view.sysctl(name) ?? 0)}`;
  return `sysctl -w ${least("net.core.somaxconn")} ${least("net.ipv4.tcp_max_syn_backlog")}`;
}

export function accept(view: HostView): Finding[] {
  return [...overflow(view), ...short(view), ...cookies(view)];
}

function overflow(view: HostView): Finding[] {
  const [overflows, drops] = [view.counter("ListenOverflows"), view.counter("ListenDrops")];
  const full = view.listeners.filter(({ receiveQueue, sendQueue }) => sendQueue !== null && sendQueue > 0 && receiveQueue > sendQueue * 0.9);
  const total = overflows?.total ?? 0;
  const rose = overflows?.rose ?? 0;
  if (full.length === 0 && total === 0) return [];
  const perSecond = view.facts.betweenMs > 0 ? (rose * 1_000) / view.facts.betweenMs : 0;
  const isNow = rose > 0 || full.length > 0;
  // A counter of the whole machine since it started says nothing of today, if it is small.
  if (!isNow && total < 100) return [];
  const accepted = view.counter("PassiveOpens")?.total ?? 0;
  const isRare = total < accepted * overflowShareMin;
  const backlog = backlogFor(view.connections);
  const [worst] = full;
  return [
    hostFinding("accept_queue_overflow", {
      severity: isNow ? "error" : isRare ? "info" : "warning",
      title:
        worst !== undefined
          ? `The accept queue of ${keyOf(worst.local)} is full: ${digits(worst.receiveQueue)} wait, ${digits(worst.sendQueue ?? 0)} may`
          : isNow
            ? `Accept queues overflow: ${counted(rose, "connection")} dropped in ${view.facts.betweenMs} ms (${digits(Math.round(perSecond))} per second)`
            : `Accept queues overflowed ${counted(total, "time")} since this network began; not while this was looking`,
      evidence: [
        ...full.slice(0, 5).map(({ local, receiveQueue, sendQueue }) => `${keyOf(local)}: Recv-Q ${receiveQueue}, Send-Q ${sendQueue}`),
        ...(overflows === null ? [] : [`TcpExtListenOverflows ${digits(overflows.total)}, ${digits(rose)} of them while looking`]),
        ...(accepted === 0 ? [] : [`TcpPassiveOpens ${digits(accepted)}: connections that were taken`]),
        ...(drops === null ? [] : [`TcpExtListenDrops ${digits(drops.total)}`]),
      ],
      advice: [
        "a queue that stays full is a program that does not accept: look at its event loop, or at whether it is stopped",
        queueLine(view, backlog),
        `the program too: server.listen({ port, backlog: ${backlog} }), nginx listen 443 backlog=${backlog}; then start it again`,
      ],
    }),
  ];
}

function short(view: HostView): Finding[] {
  if (view.connectionsAsked === null) return [];
  const somaxconn = view.sysctl("net.core.somaxconn");
  const needed = backlogFor(view.connectionsAsked);
  if (view.connectionsAsked <= 1_024) return [];
  // Of a machine that listens on many ports only those of the process are judged; without one, none is: any may be the wrong one.
  const listeners = view.facts.process === null ? [] : view.listeners.filter(({ sendQueue }) => sendQueue !== null && sendQueue < needed);
  const isCapped = somaxconn !== null && somaxconn < needed;
  if (listeners.length === 0 && !isCapped) return [];
  const shown = listeners.map(({ local, sendQueue }) =>
    sendQueue === somaxconn ? `${keyOf(local)}: ${sendQueue}, which is net.core.somaxconn` : `${keyOf(local)}: ${sendQueue}, as the program asked`,
  );
  return [
    hostFinding("accept_queue_short", {
      title: `${counted(view.connectionsAsked, "connection")} that come back at once need an accept queue of ${digits(needed)}; there is room for ${digits(Math.min(...listeners.map(({ sendQueue }) => sendQueue ?? needed), somaxconn ?? needed))}`,
      evidence: [...(somaxconn === null ? [] : [`net.core.somaxconn ${digits(somaxconn)}`]), ...shown],
      advice: [
        queueLine(view, needed),
        `server.listen({ port, backlog: ${needed} }) (Node asks for 511), nginx listen 443 backlog=${needed} (511); then start it again`,
      ],
    }),
  ];
}

function cookies(view: HostView): Finding[] {
  const sent = view.counter("SyncookiesSent");
  if (sent === null || sent.rose === 0) return [];
  const backlog = view.sysctl("net.ipv4.tcp_max_syn_backlog");
  return [
    hostFinding("syn_cookies", {
      title: `${counted(sent.rose, "SYN cookie")} sent in ${view.facts.betweenMs} ms: more handshakes begin than the queue holds`,
      evidence: [`TcpExtSyncookiesSent ${digits(sent.total)}`, ...(backlog === null ? [] : [`net.ipv4.tcp_max_syn_backlog ${digits(backlog)}`])],
      advice: [`sysctl -w net.ipv4.tcp_max_syn_backlog=${Math.max(backlogFor(view.connections), (backlog ?? 0) * 2)}`],
    }),
  ];
}

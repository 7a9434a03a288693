/** What is lost: segments, packets, and peers. */
import type { Finding } from "@holdfast/path";
import type { Interface } from "../facts.ts";
import { counted, digits, hostFinding } from "../make.ts";
import { grouped, type HostView, keyOf, orNull } from "../view.ts";

const segmentsMin = 200;
const retriesMin = 3;
const dropsMin = 20;
/** A share of fewer segments than these is chance: one peer behind a bad radio makes a twentieth of a few hundred. */
const certainMin = 1_000;

export function loss(view: HostView): Finding[] {
  return [...retransmissions(view), ...interfaces(view), ...deadPeers(view)];
}

function retransmissions(view: HostView): Finding[] {
  const [again, out] = [view.counter("RetransSegs"), view.counter("OutSegs")];
  if (again === null || out === null || out.rose < segmentsMin) return [];
  const percent = (again.rose * 100) / out.rose;
  if (percent < 1) return [];
  const worst = grouped(
    view.all.filter(({ retransmitted }) => (retransmitted ?? 0) > 0),
    ({ peer }) => peer.address,
  )
    .map(([address, sockets]) => ({ address, count: sockets.reduce((sum, { retransmitted }) => sum + (retransmitted ?? 0), 0) }))
    .sort((a, b) => b.count - a.count)
    .slice(0, 3);
  return [
    hostFinding("retransmissions", {
      severity: percent >= 5 && out.rose >= certainMin ? "error" : "warning",
      title: `${percent.toFixed(1)} % of the segments are sent again: ${digits(again.rose)} of ${digits(out.rose)} in ${view.facts.betweenMs} ms`,
      evidence: worst.map(({ address, count }) => `${address}: ${digits(count)} in the life of its open connections`),
      advice: ["ip -s link; then the same figures at the other end, to see which side loses"],
    }),
  ];
}

function interfaces(view: HostView): Finding[] {
  const before = new Map((orNull(view.facts.before.interfaces) ?? []).map((each) => [each.name, each]));
  return (orNull(view.facts.after.interfaces) ?? []).flatMap((now) => {
    const then = before.get(now.name);
    if (now.name === "lo" || then === undefined) return [];
    const [damaged, dropped] = [errorsOf(now) - errorsOf(then), dropsOf(now) - dropsOf(then)];
    // Frames of protocols that nobody here speaks are counted as dropped on every healthy network, a few a second.
    const isLost = dropped >= dropsMin && dropped * 1_000 >= now.rxPackets + now.txPackets - then.rxPackets - then.txPackets;
    const rose = damaged + (isLost ? dropped : 0);
    const errors = errorsOf(now);
    const packets = now.rxPackets + now.txPackets;
    if (rose <= 0 && errors * 10_000 <= packets) return [];
    return [
      hostFinding("interface_errors", {
        title:
          rose > 0
            ? `${now.name}: ${counted(rose, "packet")} damaged or dropped while looking`
            : `${now.name}: ${digits(errors)} of ${digits(packets)} packets were damaged`,
        evidence: [
          `received ${digits(now.rxPackets)}, errors ${digits(now.rxErrors)}, dropped ${digits(now.rxDropped)}`,
          `sent ${digits(now.txPackets)}, errors ${digits(now.txErrors)}, dropped ${digits(now.txDropped)}`,
        ],
        advice: [`ip -s -s link show ${now.name}; ethtool -S ${now.name}`],
      }),
    ];
  });
}

const errorsOf = ({ rxErrors, txErrors }: Interface): number => rxErrors + txErrors;
const dropsOf = ({ rxDropped, txDropped }: Interface): number => rxDropped + txDropped;

function deadPeers(view: HostView): Finding[] {
  const dead = view.own.filter(
    ({ state, timer, sendQueue }) =>
      state !== "LISTEN" && state !== "SYN-SENT" && (timer?.kind === "on" || timer?.kind === "persist") && timer.retries >= retriesMin && (sendQueue ?? 0) > 0,
  );
  if (dead.length === 0) return [];
  const bytes = dead.reduce((sum, { sendQueue }) => sum + (sendQueue ?? 0), 0);
  return [
    hostFinding("dead_peers", {
      title: `${counted(dead.length, "connection")} with ${digits(bytes)} bytes that the peer has not acknowledged, sent again three times or more`,
      evidence: dead
        .slice(0, 5)
        .map(
          ({ peer, sendQueue, timer }) =>
            `${keyOf(peer)}: ${digits(sendQueue ?? 0)} bytes, sent again ${timer?.retries} times, next in ${Math.round((timer?.inMs ?? 0) / 1_000)} s`,
        ),
      advice: ["a heartbeat with a deadline ends these within a minute; the kernel alone takes a quarter of an hour (retries_long)"],
    }),
  ];
}

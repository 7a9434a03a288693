/** Connections that their peers have closed and the program has not. */
import type { Finding } from "@holdfast/path";
import { counted, digits, hostFinding } from "../make.ts";
import { grouped, type HostView, keyOf } from "../view.ts";

const countMin = 10;
const errorMin = 50;

export function closing(view: HostView): Finding[] {
  const { closingStill } = view.facts;
  if (!closingStill.known) return [];
  // A program needs a moment to answer a FIN, however well it does: only those that stand there at both looks are judged.
  const piled = view.own.filter(({ state, inode }) => state === "CLOSE-WAIT" && closingStill.value.has(inode));
  if (piled.length < countMin) return [];
  const open = view.own.filter(({ state }) => state === "ESTAB").length;
  const ages = piled.flatMap(({ lastReceivedMs }) => (lastReceivedMs === null ? [] : [lastReceivedMs])).sort((a, b) => b - a);
  return [
    hostFinding("close_wait_pile", {
      severity: piled.length >= errorMin || piled.length * 10 >= open ? "error" : "warning",
      title: `${counted(piled.length, "connection")} closed by the peer and not by the program; ${digits(open)} are open`,
      evidence: [
        ...(ages[0] === undefined ? [] : [`nothing came on the oldest for ${Math.round(ages[0] / 1_000)} s`]),
        ...grouped(piled, (socket) => (view.isIncoming(socket) ? `to port ${socket.local.port} of this host` : `to ${keyOf(socket.peer)}`))
          .slice(0, 3)
          .map(([where, sockets]) => `${digits(sockets.length)} ${where}`),
      ],
      advice: ["close what has ended: socket.on('end') with allowHalfOpen, a response whose client is gone, a pool's client that is not released"],
    }),
  ];
}

/** What the kernel does for connections that are silent, and for data that nobody acknowledges. */
import { type Finding, formatDuration } from "@holdfast/path";
import { counted, digits, hostFinding } from "../make.ts";
import { type HostView, isLoopback } from "../view.ts";

const silentMs = 600_000;

export function timers(view: HostView): Finding[] {
  return [...keepAlive(view), ...retries(view), ...slowStart(view)];
}

function keepAlive(view: HostView): Finding[] {
  const time = view.sysctl("net.ipv4.tcp_keepalive_time");
  const open = view.own.filter((socket) => socket.state === "ESTAB" && !isLoopback(socket.peer));
  if (time === null || open.length === 0) return [];
  // While data is unacknowledged another timer runs in its place.
  const off = open.filter(({ timer }) => timer === null);
  const silent = off.filter(({ lastReceivedMs, lastSentMs }) => Math.min(lastReceivedMs ?? 0, lastSentMs ?? 0) > silentMs);
  const late = open.filter(({ timer }) => timer?.kind === "keepalive" && (timer.inMs ?? 0) > silentMs);
  if (silent.length === 0 && (time < 7_200 || (off.length === 0 && late.length === 0))) return [];
  return [
    hostFinding("keepalive_two_hours", {
      severity: silent.length > 0 ? "warning" : "info",
      title:
        silent.length > 0
          ? `${counted(silent.length, "connection")} silent for over ten minutes, and no keep-alive probe will be sent on any of them`
          : `TCP keep-alive asks after ${formatDuration(time * 1_000)}; ${digits(off.length)} of ${counted(open.length, "connection")} do not use it at all`,
      evidence: [
        `${digits(open.length - off.length)} of ${digits(open.length)} open connections have a timer, ${digits(late.length)} of them one that fires in more than ten minutes`,
        `net.ipv4.tcp_keepalive_time ${time}`,
      ],
      advice: [
        "per socket: socket.setKeepAlive(true, 60_000); nginx listen ... so_keepalive=60s:10s:6",
        "sysctl -w net.ipv4.tcp_keepalive_time=60 net.ipv4.tcp_keepalive_intvl=10 net.ipv4.tcp_keepalive_probes=6 (only for sockets that turn it on, and for this network namespace)",
      ],
    }),
  ];
}

function retries(view: HostView): Finding[] {
  const count = view.sysctl("net.ipv4.tcp_retries2");
  if (count === null || count < 15 || view.connections === 0) return [];
  return [
    hostFinding("retries_long", {
      title: `Data that nobody acknowledges is sent again for about 15 minutes (tcp_retries2 ${count})`,
      evidence: ["the sum of the growing intervals: 924 s at the least with 15"],
      advice: ["a heartbeat with a deadline; only where every connection can bear it: sysctl -w net.ipv4.tcp_retries2=8"],
    }),
  ];
}

function slowStart(view: HostView): Finding[] {
  const paused = view.own.filter(({ state, lastSentMs, peer }) => state === "ESTAB" && !isLoopback(peer) && (lastSentMs ?? 0) > 1_000);
  if (view.sysctl("net.ipv4.tcp_slow_start_after_idle") !== 1 || paused.length === 0) return [];
  return [
    hostFinding("slow_start_after_idle", {
      title: `${counted(paused.length, "open connection")} paused for over a second will begin with a small window again`,
      evidence: ["net.ipv4.tcp_slow_start_after_idle 1"],
      advice: ["sysctl -w net.ipv4.tcp_slow_start_after_idle=0"],
    }),
  ];
}

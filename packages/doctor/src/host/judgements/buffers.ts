/** Windows against what is on its way, unsent bytes, and memory. */
import type { Finding } from "@holdfast/path";
import { counted, digits, hostFinding } from "../make.ts";
import { type HostView, isLoopback, orNull } from "../view.ts";

/** 100 Mbit/s. */
const bytesPerSecond = 12_500_000;
const rttsMin = 10;
/** Measured for an idle link (docs/performance.md), rounded up. */
export const linkBytes = 10_000;
export const linkBytesTls = 55_000;
const noBound = 4_294_967_295;

export function buffers(view: HostView): Finding[] {
  return [...windows(view), ...unsent(view), ...memory(view)];
}

function windows(view: HostView): Finding[] {
  const rtts = view.own.flatMap(({ rttMs, state, peer }) => (rttMs === null || state !== "ESTAB" || isLoopback(peer) ? [] : [rttMs])).sort((a, b) => a - b);
  if (rtts.length < rttsMin) return [];
  const rttMs = rtts[Math.floor(rtts.length * 0.95)] ?? 0;
  const product = (bytesPerSecond * rttMs) / 1_000;
  const [receive, send] = [view.sysctl("net.ipv4.tcp_rmem", 2), view.sysctl("net.ipv4.tcp_wmem", 2)];
  const small = [
    ["tcp_rmem", receive],
    ["tcp_wmem", send],
  ].filter((row): row is [string, number] => row[1] !== null && (row[1] as number) < product);
  if (small.length === 0) return [];
  const wanted = Math.ceil((product * 2) / 65_536) * 65_536;
  return [
    hostFinding("window_small", {
      title: `At a round trip of ${Math.round(rttMs)} ms 100 Mbit/s have ${digits(Math.round(product))} bytes on their way; ${small.map(([name, most]) => `${name} holds ${digits(most)}`).join(", ")}`,
      evidence: [`95th percentile of the round trips of ${counted(rtts.length, "connection")}`],
      advice: small.map(([name]) => `sysctl -w net.ipv4.${name}="${name === "tcp_rmem" ? "4096 131072" : "4096 16384"} ${wanted}"`),
    }),
  ];
}

function unsent(view: HostView): Finding[] {
  const [bound, most] = [view.sysctl("net.ipv4.tcp_notsent_lowat"), view.sysctl("net.ipv4.tcp_wmem", 2)];
  const connections = Math.max(view.connectionsAsked ?? 0, view.connectionsNow);
  if (bound === null || most === null || bound < noBound || connections < 1_000) return [];
  return [
    hostFinding("unsent_unbounded", {
      title: `A reader that stalls may hold ${digits(most)} bytes in the kernel; ${digits(Math.ceil(connections / 100))} of ${digits(connections)} would hold ${digits(Math.ceil((connections / 100) * (most / 1_048_576)))} MiB`,
      evidence: [`net.ipv4.tcp_notsent_lowat ${bound} (no bound)`, `net.ipv4.tcp_wmem, the last figure: ${most}`],
      advice: ["sysctl -w net.ipv4.tcp_notsent_lowat=131072"],
    }),
  ];
}

function memory(view: HostView): Finding[] {
  const facts = orNull(view.facts.memory);
  if (view.connectionsAsked === null || facts === null) return [];
  const more = Math.max(0, view.connectionsAsked - view.connectionsNow);
  const [plain, tls] = [more * linkBytes, more * linkBytesTls];
  if (tls <= facts.availableBytes) return [];
  const mib = (bytes: number): string => `${digits(Math.round(bytes / 1_048_576))} MiB`;
  return [
    hostFinding("memory_short", {
      title: `${counted(more, "more connection")} need about ${mib(plain)}, with TLS ${mib(tls)}; ${mib(facts.availableBytes)} are available`,
      evidence: [`MemAvailable ${mib(facts.availableBytes)} of ${mib(facts.totalBytes)}`, "idle links on Node as measured in docs/performance.md"],
      advice: [
        `at most ${digits(Math.floor(facts.availableBytes / linkBytes))} more on this host, with TLS ${digits(Math.floor(facts.availableBytes / linkBytesTls))}`,
      ],
    }),
  ];
}

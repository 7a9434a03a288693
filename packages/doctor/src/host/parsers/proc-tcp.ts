/**
 * Reads lines of /proc/net/tcp and tcp6: what is there without iproute2. Pure. It has no age, no round trip, and of a listener only how
 * many wait, not how many may.
 */
import type { Endpoint, SocketFact, SocketState, SocketTimer } from "../facts.ts";

const states: Readonly<Record<string, SocketState>> = {
  "01": "ESTAB",
  "02": "SYN-SENT",
  "03": "SYN-RECV",
  "04": "FIN-WAIT-1",
  "05": "FIN-WAIT-2",
  "06": "TIME-WAIT",
  "07": "CLOSE",
  "08": "CLOSE-WAIT",
  "09": "LAST-ACK",
  "0A": "LISTEN",
  "0B": "CLOSING",
  "0C": "SYN-RECV", // A request that has no full socket yet.
};

const timers: Readonly<Record<string, SocketTimer["kind"]>> = { "01": "on", "02": "keepalive", "03": "timewait", "04": "persist" };

const line =
  /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) ([0-9A-F]{2}):([0-9A-F]{8}) ([0-9A-F]{8})\s+\d+\s+\d+ (\d+)/;

/** Ticks of a timer per second, as user space sees them. */
const ticksPerSecond = 100;

/** A line as a socket; null for the head and for what is not such a line. */
export function parseProcTcp(text: string): SocketFact | null {
  const found = line.exec(text);
  if (found === null) return null;
  const [
    ,
    localAddress = "",
    localPort = "",
    peerAddress = "",
    peerPort = "",
    stateCode = "",
    sent = "",
    received = "",
    timer = "",
    when = "",
    again = "",
    inode = "",
  ] = found;
  const state = states[stateCode];
  if (state === undefined) return null;
  return {
    state,
    local: endpoint(localAddress, localPort),
    peer: endpoint(peerAddress, peerPort),
    receiveQueue: hex(received),
    sendQueue: state === "LISTEN" ? null : hex(sent),
    timer: timer === "00" ? null : { kind: timers[timer] ?? "other", inMs: Math.round((hex(when) * 1_000) / ticksPerSecond), retries: hex(again) },
    inode: Number(inode),
    lastSentMs: null,
    lastReceivedMs: null,
    rttMs: null,
    retransmitted: null,
  };
}

const hex = (digits: string): number => Number.parseInt(digits, 16);

const endpoint = (address: string, port: string): Endpoint => ({ address: address.length === 8 ? ipv4(address) : ipv6(address), port: hex(port) });

/** Words of 32 bits in the byte order of the machine, which is taken to be little endian. */
function ipv4(digits: string): string {
  return [6, 4, 2, 0].map((at) => hex(digits.slice(at, at + 2))).join(".");
}

function ipv6(digits: string): string {
  const bytes = [0, 8, 16, 24].flatMap((word) => [6, 4, 2, 0].map((at) => digits.slice(word + at, word + at + 2)));
  const mapped = bytes.slice(0, 10).every((byte) => byte === "00") && bytes[10] === "FF" && bytes[11] === "FF";
  if (mapped) return bytes.slice(12).map(hex).join(".");
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) => hex(`${bytes[at]}${bytes[at + 1]}`).toString(16));
  return shorten(groups);
}

/** The longest run of zeros as `::`. */
function shorten(groups: readonly string[]): string {
  const runs = [...`${groups.map((group) => (group === "0" ? "0" : "x")).join("")}`.matchAll(/0{2,}/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (run === undefined) return groups.join(":");
  return `${groups.slice(0, run.index).join(":")}::${groups.slice(run.index + run[0].length).join(":")}`;
}

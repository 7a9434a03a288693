/**
 * Reads what `ss -tnoieaH` says of one socket: its line, with the line of figures that follows it where there is one. Pure.
 */
import type { Endpoint, SocketFact, SocketState, SocketTimer } from "../facts.ts";

const states: ReadonlySet<string> = new Set<SocketState>([
  "ESTAB",
  "SYN-SENT",
  "SYN-RECV",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
]);

/** Null for what is not such a line. */
export function parseSs(line: string, figures: string): SocketFact | null {
  const [word = "", received = "", sent = "", local = "", peer = ""] = line.trim().split(/\s+/);
  const state = word === "UNCONN" ? "CLOSE" : word;
  if (state !== "CLOSE" && !states.has(state)) return null;
  if (!/^\d+$/.test(received) || !/^\d+$/.test(sent)) return null;
  return {
    state: state as SocketState,
    local: endpoint(local),
    peer: endpoint(peer),
    receiveQueue: Number(received),
    sendQueue: Number(sent),
    timer: timerOf(line),
    inode: Number(/\bino:(\d+)/.exec(line)?.[1] ?? 0),
    lastSentMs: figure(figures, /\blastsnd:(\d+)/),
    lastReceivedMs: figure(figures, /\blastrcv:(\d+)/),
    rttMs: figure(figures, /\brtt:([\d.]+)/),
    // `retrans:now/ever`; not there while there was none.
    retransmitted: figures === "" ? null : (figure(figures, /\bretrans:\d+\/(\d+)/) ?? 0),
  };
}

function figure(text: string, pattern: RegExp): number | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function endpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(":");
  const port = text.slice(colon + 1);
  const address = text
    .slice(0, colon)
    .replace(/^\[|\]$/g, "")
    .replace(/%[^\]]*$/, "")
    .replace(/\]$/, "");
  return { address: address.replace(/^::ffff:(?=\d+\.)/i, ""), port: port === "*" ? 0 : Number(port) };
}

const kinds: ReadonlySet<string> = new Set(["on", "keepalive", "timewait", "persist"]);

function timerOf(line: string): SocketTimer | null {
  const found = /\btimer:\((\w+),([^,]*),(\d+)\)/.exec(line);
  if (found === null) return null;
  const [, kind = "", time = "", retries = "0"] = found;
  return { kind: kinds.has(kind) ? (kind as SocketTimer["kind"]) : "other", inMs: timerMs(time), retries: Number(retries) };
}

/** `1min30sec`, `12sec`, `4.392ms` (which is 4 s and 392 ms), `392ms`. */
function timerMs(text: string): number | null {
  const found = /^(?:(\d+)min)?(?:(\d+)(?:sec|\.))?(?:(\d+)ms)?$/.exec(text);
  if (found === null || text === "") return null;
  const [, minutes = "0", seconds = "0", ms = "0"] = found;
  return Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(ms);
}

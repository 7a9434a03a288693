/**
 * The TCP sockets of a network: by `ss` where iproute2 is there, else from /proc. It keeps so many facts and counts the rest.
 */
import { open, readdir, readlink } from "node:fs/promises";
import { type Known, known, unknown } from "../../facts.ts";
import type { SocketFact, SocketList } from "../facts.ts";
import { hostLimits } from "../limits.ts";
import { parseProcTcp } from "../parsers/proc-tcp.ts";
import { parseSs } from "../parsers/ss.ts";
import { tried } from "./files.ts";
import { linesOf, type Network } from "./namespace.ts";

class Kept {
  readonly sockets: SocketFact[] = [];
  leftOut = 0;
  add(socket: SocketFact | null): void {
    if (socket === null) return;
    if (this.sockets.length < hostLimits.socketsMax.value) this.sockets.push(socket);
    else this.leftOut++;
  }
}

/** `pid`: whose view of the network is read; `owner`: whose sockets are to be told apart, if anybody's. */
export async function readSockets(network: Network, pid: number | "self", owner: number | null): Promise<Known<SocketList>> {
  // First the process: a socket that it opens meanwhile is then nobody's, and not somebody else's.
  const ofProcess = owner === null ? null : await inodesOf(owner);
  const bySs = await readBySs(network);
  if (bySs !== null) return known({ source: "ss", ...bySs, ofProcess });
  const byProc = await readByProc(pid);
  return byProc.known ? known({ source: "proc", ...byProc.value, ofProcess }) : byProc;
}

/** Which sockets stand in CLOSE-WAIT, by inode: asked a second time it shows which of them stay there. */
export async function readClosing(network: Network, pid: number | "self"): Promise<Known<ReadonlySet<number>>> {
  // Of one state alone `ss` leaves the state out of its lines.
  const bySs = await readBySs(network, "state", "close-wait", "state", "last-ack");
  const read = bySs === null ? await readByProc(pid) : known(bySs);
  return read.known ? known(new Set(read.value.sockets.flatMap(({ state, inode }) => (state === "CLOSE-WAIT" ? [inode] : [])))) : read;
}

/** Null: `ss` is not there, or may not be asked. */
async function readBySs(network: Network, ...filter: readonly string[]): Promise<Pick<SocketList, "sockets" | "leftOut"> | null> {
  const kept = new Kept();
  let held: string | null = null;
  const flush = (figures: string): void => {
    if (held !== null) kept.add(parseSs(held, figures));
    held = null;
  };
  // -t TCP, -n numbers, -o timers, -i figures, -e inodes, -a listeners and TIME-WAIT too, -H no head.
  const ran = await linesOf(network, "ss", ["-tnoieaH", ...filter], (line) => {
    if (/^\s/.test(line)) flush(line);
    else {
      flush("");
      held = line;
    }
  });
  flush("");
  return ran.known ? { sockets: kept.sockets, leftOut: kept.leftOut } : null;
}

async function readByProc(pid: number | "self"): Promise<Known<Pick<SocketList, "sockets" | "leftOut">>> {
  const kept = new Kept();
  let read = 0;
  let why = "";
  for (const name of ["tcp", "tcp6"]) {
    const one = await tried(async () => {
      await using file = await open(`/proc/${pid}/net/${name}`);
      for await (const line of file.readLines()) kept.add(parseProcTcp(line));
    });
    if (one.known) read++;
    else why = one.why;
  }
  return read > 0 ? known({ sockets: kept.sockets, leftOut: kept.leftOut }) : unknown(why);
}

async function inodesOf(pid: number): Promise<Known<ReadonlySet<number>>> {
  return await tried(async () => {
    const inodes = new Set<number>();
    for (const name of await readdir(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) inodes.add(Number(inode));
    }
    return inodes;
  });
}

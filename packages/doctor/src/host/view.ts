/**
 * The facts of a host as judgements need them: figures with a number or null, sockets sorted by whom they belong to. Pure.
 */
import type { Known } from "../facts.ts";
import type { Endpoint, HostFacts, SocketFact } from "./facts.ts";
import type { SysctlName } from "./sysctls.ts";

export interface HostView {
  readonly facts: HostFacts;
  /** As asked for; null: not asked. */
  readonly connectionsAsked: number | null;
  /** Connections that are open now: of the process, where one is meant. */
  readonly connectionsNow: number;
  /** What everything is judged for: as asked for, else twice of what is open now. */
  readonly connections: number;
  /** Everything of the network, in TIME-WAIT too, which is of no process. */
  readonly all: readonly SocketFact[];
  /** Those of the process, or, where that is not known or not asked, all. */
  readonly own: readonly SocketFact[];
  readonly listeners: readonly SocketFact[];
  /** Whether its local end is a listener's, so that its peer opened it. */
  isIncoming(socket: SocketFact): boolean;
  /** A setting as a number: the first figure, or the one at `at`. Null: unknown. */
  sysctl(name: SysctlName, at?: number): number | null;
  /** How much a counter rose between the samples, and what it stands at. Null: unknown. */
  counter(name: string): { readonly rose: number; readonly total: number } | null;
}

export function viewOf(facts: HostFacts, connectionsAsked: number | null): HostView {
  const list = facts.sockets.known ? facts.sockets.value : null;
  const all = list?.sockets ?? [];
  const inodes = list?.ofProcess?.known === true ? list.ofProcess.value : null;
  const own = inodes === null ? all : all.filter(({ inode }) => inodes.has(inode));
  const ports = new Set<string>();
  for (const { state, local } of all) if (state === "LISTEN") ports.add(isAny(local.address) ? `*:${local.port}` : keyOf(local));
  const connectionsNow = own.filter(({ state }) => state === "ESTAB" || state === "CLOSE-WAIT").length;
  return {
    facts,
    connectionsAsked,
    connectionsNow,
    connections: connectionsAsked ?? connectionsNow * 2,
    all,
    own,
    listeners: own.filter(({ state }) => state === "LISTEN"),
    isIncoming: ({ local }) => ports.has(`*:${local.port}`) || ports.has(keyOf(local)),
    sysctl: (name, at = 0) => {
      const fact = facts.sysctls[name];
      const word = fact?.known === true ? fact.value.split(/\s+/)[at] : undefined;
      return word === undefined || !/^\d+$/.test(word) ? null : Number(word);
    },
    counter: (name) => {
      const [before, after] = [orNull(facts.before.counters)?.[name], orNull(facts.after.counters)?.[name]];
      return before === undefined || after === undefined ? null : { rose: after - before, total: after };
    },
  };
}

const isAny = (address: string): boolean => address === "0.0.0.0" || address === "::" || address === "*";

export const keyOf = ({ address, port }: Endpoint): string => `${address.includes(":") ? `[${address}]` : address}:${port}`;

export const isLoopback = ({ address }: Endpoint): boolean => address.startsWith("127.") || address === "::1";

export const orNull = <T>(fact: Known<T>): T | null => (fact.known ? fact.value : null);

/** Sockets by a key, the largest group first. */
export function grouped(sockets: readonly SocketFact[], key: (socket: SocketFact) => string): [string, SocketFact[]][] {
  const groups = new Map<string, SocketFact[]>();
  for (const socket of sockets) {
    const name = key(socket);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [socket]);
    else group.push(socket);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length);
}

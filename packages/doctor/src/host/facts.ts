/**
 * What a machine says of its connections, before anybody judges it. Data only; report.ts has what is shown of it. Unknown is not false: each
 * fact is known or says why it is not.
 */
import type { Known } from "../facts.ts";

/** Soft and hard limit; null: none. */
export interface Limit {
  readonly soft: number | null;
  readonly hard: number | null;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly name: Known<string>;
  readonly descriptorLimit: Known<Limit>;
  readonly descriptors: Known<number>;
  /** Whether it has another network than whoever asks. */
  readonly otherNetwork: Known<boolean>;
}

export interface NetworkFacts {
  /** Whether it is the network of process 1, so of the machine; a container or `ip netns` has one of its own, sysctls included. */
  readonly likeInit: Known<boolean>;
  /** What the container's runtime is called, as far as it shows; null: nothing says that there is one. */
  readonly container: string | null;
}

/** Counters by name, `TcpExt` and `Tcp` together: `ListenOverflows`, `RetransSegs`. */
export type Counters = Readonly<Record<string, number>>;

export interface Interface {
  readonly name: string;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** One look at what only counts. */
export interface Sample {
  readonly counters: Known<Counters>;
  readonly interfaces: Known<readonly Interface[]>;
}

export type SocketState =
  | "ESTAB"
  | "SYN-SENT"
  | "SYN-RECV"
  | "FIN-WAIT-1"
  | "FIN-WAIT-2"
  | "TIME-WAIT"
  | "CLOSE"
  | "CLOSE-WAIT"
  | "LAST-ACK"
  | "LISTEN"
  | "CLOSING";

export interface Endpoint {
  readonly address: string;
  /** 0 where there is none, as with the peer of a listener. */
  readonly port: number;
}

/** The timer that runs on a socket: `on` waits for an acknowledgement, `persist` for the peer's window. */
export interface SocketTimer {
  readonly kind: "on" | "keepalive" | "timewait" | "persist" | "other";
  /** Null: it was not told. */
  readonly inMs: number | null;
  /** How often the same has been sent again. */
  readonly retries: number;
}

export interface SocketFact {
  readonly state: SocketState;
  readonly local: Endpoint;
  readonly peer: Endpoint;
  /** Bytes that the program has not read; of a listener, connections that wait to be accepted. */
  readonly receiveQueue: number;
  /** Bytes that the peer has not acknowledged; of a listener, how many may wait (null: not told). */
  readonly sendQueue: number | null;
  readonly timer: SocketTimer | null;
  /** 0: of no process, as in TIME-WAIT. */
  readonly inode: number;
  /** For how long nothing was sent and nothing received, and the round trip; null: not told. */
  readonly lastSentMs: number | null;
  readonly lastReceivedMs: number | null;
  readonly rttMs: number | null;
  /** Segments sent again, in its whole life. */
  readonly retransmitted: number | null;
}

export interface SocketList {
  /** `ss` tells more: timers, round trips, the queues of listeners. */
  readonly source: "ss" | "proc";
  readonly sockets: readonly SocketFact[];
  /** How many more there were than are looked at one by one. */
  readonly leftOut: number;
  /** Inodes of the process asked about. */
  readonly ofProcess: Known<ReadonlySet<number>> | null;
}

export interface SocketTotals {
  readonly inUse: number | null;
  readonly orphaned: number | null;
  readonly timeWait: number | null;
  readonly memoryBytes: number | null;
}

export interface MemoryFacts {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface HostFacts {
  readonly kernel: Known<string>;
  /** Null: no process was asked about. */
  readonly process: ProcessFacts | null;
  readonly network: NetworkFacts;
  readonly betweenMs: number;
  readonly before: Sample;
  readonly after: Sample;
  readonly sockets: Known<SocketList>;
  /** Inodes of the sockets that stood in CLOSE-WAIT at the second sample. */
  readonly closingStill: Known<ReadonlySet<number>>;
  readonly totals: Known<SocketTotals>;
  /** By their names: `net.core.somaxconn`. */
  readonly sysctls: Readonly<Record<string, Known<string>>>;
  /** Of the container, where it has a limit. */
  readonly memory: Known<MemoryFacts>;
}

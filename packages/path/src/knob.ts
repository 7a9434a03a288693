/**
 * One timer or limit of a hop, as a row of the hop database: what it is called, which class of timer it is, what resets it, how it
 * ends a connection, and where that is known from. Types only. A row without a source can not be written.
 */

/**
 * A: a kept connection between two requests. B: silence while an answer is awaited. C: silence of an open stream or tunnel.
 * D: a flow that a box below TCP remembers. E: the end of a life, by age or count. T: TCP probes.
 */
export type TimerClass = "A" | "B" | "C" | "D" | "E" | "T";

/** A value of a knob. Times are in ms. "never": the timer does not exist, or is off. Counts are numbers too: `unit` tells. */
export type Value = number | "never" | boolean | string;

/** ms: a time. count: requests, connections. switch: true or false. word: one of a few words. */
export type Unit = "ms" | "count" | "switch" | "word";

/**
 * Which of the hop's links the knob governs. client: the link towards the user, where the hop receives requests. server: the link
 * onward, where it sends them. both: one knob for both links (ALB). through: a flow or a tunnel through the hop.
 */
export type Side = "client" | "server" | "both" | "through";

/** What counts as activity. request: a request only. payload: any bytes above TCP. stream: bytes of that stream, so no HTTP/2 PING. packet: any segment, TCP probes included. */
export type Layer = "request" | "payload" | "stream" | "packet";

/** to_client: only bytes from the server to the client count. */
export type Direction = "to_client" | "to_server" | "either";

/** What resets a timer. */
export interface ResetBy {
  readonly direction: Direction;
  readonly layer: Layer;
}

/**
 * How a connection meets its end. announced: the last answer says so, so that no request is lost. answer: an error status such as 504.
 * rst_on_write: nothing at first; whoever writes next is reset. silent: nothing ever; packets vanish.
 */
export type Ending = "fin" | "rst" | "rst_on_write" | "silent" | "goaway" | "close_frame" | "answer" | "announced";

/** How well a row is known. unverified rows never lead to a finding of severity error. */
export type Grade = "measured" | "read" | "secondary" | "unverified";

/** A default that holds for some versions. Both bounds are optional; `since` is included, `before` is not. */
export interface VersionedDefault {
  readonly since?: string;
  readonly before?: string;
  readonly value: Value;
}

/** What a stream is to a hop: which of its timers govern it depends on that. */
export type StreamKind = "event-stream" | "websocket" | "grpc" | "tcp";

/**
 * What the ladder takes a knob for, where class, side and unit do not tell. In parentheses the unit.
 * buffer (ms): is added to the idle timer of its side. reuse (any): whether connections are kept for a further request; see `offAt`.
 * answer (ms): the longest wait for an answer. tries (count): how often a request is sent in all. pool_max (count): most connections of one
 * process towards one receiver. connections_max (count): most that are accepted, of which `reserved` (count) are not for everybody.
 * descriptors (count): the limit of open files. ports (count): connections towards one receiver for which there are port numbers.
 * probe_switch, probe_idle (ms), probe_interval (ms), probe_count: TCP keepalive. ping_every (ms), ping_min (ms): HTTP/2 PINGs, sent and suffered.
 */
export type KnobRole =
  | "buffer"
  | "reuse"
  | "answer"
  | "tries"
  | "pool_max"
  | "connections_max"
  | "reserved"
  | "descriptors"
  | "ports"
  | "probe_switch"
  | "probe_idle"
  | "probe_interval"
  | "probe_count"
  | "ping_every"
  | "ping_min";

export interface Knob {
  /** As its product's configuration writes it, with the block where that matters: `upstream keepalive_timeout`. */
  readonly name: string;
  /** None: a limit or a switch that other rules need. */
  readonly classes: readonly TimerClass[];
  readonly side: Side;
  readonly unit: Unit;
  /** Newest version first where it changed. */
  readonly default: Value | readonly VersionedDefault[];
  readonly min?: number;
  readonly max?: number;
  readonly role?: KnobRole;
  /** What a written 0 means. Absent: 0 is a number like others. off: no connection is kept, no probe sent. */
  readonly zeroIs?: "never" | "off";
  /** With one of these no connection of its side is kept for a further request: 0, `close`, `1.0`, false. */
  readonly offAt?: readonly Value[];
  /** An idle connection may last for so many times the value: of a pool that is emptied by halves. Absent: once. */
  readonly lastsTimes?: number;
  /** Where it is not written, the first of these that is written holds in its place. */
  readonly fallsBackTo?: readonly string[];
  /** While it is written, it holds in place of these for the streams that it governs. */
  readonly replaces?: readonly string[];
  /** The streams that it governs, where these are not all. An empty list: none, plain requests only. */
  readonly streams?: readonly StreamKind[];
  /** Nobody can change it. */
  readonly fixed?: true;
  readonly resetBy?: ResetBy;
  readonly ends?: readonly Ending[];
  /** What a reader must know beside the figures. */
  readonly note?: string;
  readonly grade: Grade;
  /** The document, and its section or file. */
  readonly source: string;
  /** When it was read or measured: year and month. */
  readonly date: string;
}

/** What a product is to the path. flow: a box below TCP (NAT, firewall, network balancer). */
export type ProductKind = "browser" | "client" | "cdn" | "balancer" | "proxy" | "flow" | "runtime" | "pooler" | "database" | "cache" | "kernel";

/** A product of the hop database: every knob of its that matters to a connection's life. */
export interface Product {
  readonly id: string;
  readonly name: string;
  /** Other words by which people call it in a declared path. */
  readonly aliases?: readonly string[];
  readonly kind: ProductKind;
  /** Somebody else runs it: its timers come with the larger margin. */
  readonly managed: boolean;
  /** How late its timers may fire, in ms; `g` of the inequalities. */
  readonly granularityMs: number;
  /** The version meant where a path names none: the newest that the rows know. Null: not versioned. */
  readonly version: string | null;
  readonly knobs: readonly Knob[];
  /** What it sends again by itself when a kept connection turns out to be closed. Absent: nothing, as far as is known. */
  readonly retries?: "idempotent" | "all";
  /** By what an answer of its gives it away: lower-case header name -> pattern of the value. */
  readonly headers?: Readonly<Record<string, string>>;
}

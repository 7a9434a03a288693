/**
 * The world as the lab's code sees it: a clock, randomness for seeds, and TCP sockets cut down to what a proxy needs.
 * Types only. The real ones are in `adapters/`; nothing else here may reach an ambient clock, randomness or socket.
 */

/** A pending call that can be taken back. Cancelling twice, or after it ran, does nothing. */
export interface LabTimer {
  cancel(): void;
}

/** Monotonic time and timers. */
export interface LabClock {
  /** Milliseconds since an arbitrary start; never goes back. */
  monoMs(): number;
  /** Runs `call` once, after about `delayMs`. It may come early; the lab looks at the clock again. */
  after(delayMs: number, call: () => void): LabTimer;
}

/** Where to listen or to dial. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How a socket left: after a FIN each way, by an error (RST as a rule), or because the lab ended it. */
export type GoneHow = "finished" | "reset" | "by-lab";

/** What a socket tells. After `gone` it tells nothing more. */
export interface SocketEvents {
  bytes(bytes: Uint8Array): void;
  /** The peer sent FIN: no more bytes will come, ours may still go. */
  end(): void;
  gone(how: GoneHow): void;
}

/** One established TCP socket, Nagle off, half-open allowed. */
export interface LabSocket {
  readonly peer: Address;
  /** Begins to read. An event that was missed before is told at once. */
  start(events: SocketEvents): void;
  /** Stops reading; at most one more read's worth (64 KiB) waits in the socket object. */
  pause(): void;
  resume(): void;
  /** Hands bytes to the kernel; `done(false)` if the socket left first. One write at a time. */
  write(bytes: Uint8Array, done: (accepted: boolean) => void): void;
  /** FIN: our direction is over, the other goes on. */
  end(): void;
  /** RST now. Bytes that the kernel has not sent yet are lost. */
  reset(): void;
  /** RST once the peer's kernel has acknowledged everything, at the latest after a moment (`sentWaitMs`). */
  resetWhenSent(): void;
  /** Lets go of the descriptor at once. */
  destroy(): void;
}

/** What a listener tells. */
export interface ListenerEvents {
  socket(socket: LabSocket): void;
  /** An accept failed, for want of descriptors as a rule; the listener goes on. */
  failed(): void;
}

/** A bound port that accepts. */
export interface LabListener {
  readonly port: number;
  /** Stops accepting; sockets already accepted stay. From now on the kernel refuses dials. */
  close(): Promise<void>;
}

/** A port kept from other programs while nobody listens on it. */
export interface PortHold {
  release(): Promise<void>;
}

/** The outcome of a dial. */
export type DialResult = { readonly ok: true; readonly socket: LabSocket } | { readonly ok: false; readonly code: string };

/** A dial under way. */
export interface Dial {
  readonly result: Promise<DialResult>;
  /** Gives up; `result` then says so, and no socket is left behind. */
  cancel(): void;
}

/** TCP. */
export interface LabNet {
  /** Rejects with the system's error if the port cannot be had. */
  listen(address: Address, events: ListenerEvents): Promise<LabListener>;
  dial(address: Address): Dial;
  /** Keeps a port that was just closed from being given to somebody else. Never rejects; does its best. */
  hold(address: Address): Promise<PortHold>;
}

/** Everything ambient that the lab uses. The clock and `rng` have the shape of the rest of Holdfast's. */
export interface LabEnv {
  readonly clock: LabClock;
  /** Only asked for a seed when none is given. */
  readonly rng: { u32(): number };
  readonly net: LabNet;
}

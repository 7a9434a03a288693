/**
 * The lab's proxy: a real TCP port in front of a real target, on whose connections faults are laid.
 *
 *      client <──TCP──> [ listener | connection: two lines of faults | dial ] <──TCP──> target
 *
 * With no fault added it is a wire: same bytes, same order, FIN and RST passed on, backpressure felt. It knows no fault by name.
 */

import { nodeLabEnv } from "./adapters/node-env.ts";
import { Attachment, type FaultHandle, type FaultPlacement } from "./attachment.ts";
import { type Connection, type ConnectionHost, ProxiedConnection } from "./connection.ts";
import type { Address, Dial, LabListener, LabSocket, PortHold } from "./env.ts";
import { LabError } from "./errors.ts";
import type { Fault } from "./fault.ts";
import { checkTarget, type ProxyOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { createRandom, type Random } from "./random.ts";

/** Which connections a fault is offered to: all, those accepted from now on, or those the function picks (asked once each). */
export type ConnectionChoice = "all" | "new" | ((connection: Connection) => boolean);

/** Where a fault acts on a proxy. */
export interface AddOptions extends FaultPlacement {
  /** @default "all" */
  readonly connections?: ConnectionChoice;
}

/** Counts since the proxy was opened. */
export interface ProxyCounters {
  readonly accepted: number;
  /** Reached the target. */
  readonly opened: number;
  readonly closed: number;
  /** The target could not be reached; the client got an RST. */
  readonly dialsFailed: number;
  /** Reset at once because `connectionsMax` were there. */
  readonly overLimit: number;
  /** The system could not accept. */
  readonly acceptsFailed: number;
}

/** A proxy under test control. `await using` closes it. */
export interface LabProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Print it when a test fails: the same seed makes the same choices. */
  readonly seed: number;
  readonly target: Address;
  readonly counters: ProxyCounters;
  /** The live connections, oldest first: a fresh array each time. */
  readonly connections: readonly Connection[];
  /** @param path default "/" @param scheme default "http" */
  url(path?: string, scheme?: string): string;
  /** Lays a fault on connections. Faults act in the order in which they were added, in both directions. */
  add(fault: Fault, options?: AddOptions): FaultHandle;
  /** The next connection that opens after this call; rejects with `closed` if the proxy closes first. */
  nextConnection(): Promise<Connection>;
  /** Calls `listener` for each connection that opens, before its first byte passes. Returns how to stop. */
  onConnection(listener: (connection: Connection) => void): () => void;
  /** Carries new connections elsewhere; those that are open stay where they are. */
  setTarget(target: Address): void;
  /** True: nobody listens on the port, the kernel refuses (RST: ECONNREFUSED). The port stays ours. Await it. */
  refuse(on: boolean): Promise<void>;
  /** True: new dials are accepted by the kernel and then nothing, ever. False: those still waiting are carried on. */
  hang(on: boolean): void;
  /** Lets go of every socket, timer and port. Rejects if a fault broke its contract meanwhile. Twice is once. */
  close(): Promise<void>;
}

/** Opens a proxy and listens. Rejects with the system's error if the port cannot be had. */
export async function openProxy(options: ProxyOptions): Promise<LabProxy> {
  const proxy = new RunningProxy(resolveOptions(options, nodeLabEnv));
  await proxy.open();
  return proxy;
}

interface Offer {
  readonly attachment: Attachment;
  readonly choose: (connection: Connection) => boolean;
}

class RunningProxy implements LabProxy, ConnectionHost {
  readonly #options: ResolvedOptions;
  readonly #random: Random;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #offers = new Map<Attachment, Offer>();
  readonly #attachments = new Set<Attachment>();
  readonly #listeners = new Set<(connection: Connection) => void>();
  readonly #waiters = new Set<(error: LabError) => void>();
  readonly #counters = { accepted: 0, opened: 0, closed: 0, dialsFailed: 0, overLimit: 0, acceptsFailed: 0 };
  #target: Address;
  #port = 0;
  #listener: LabListener | null = null;
  #hold: PortHold | null = null;
  #switching: Promise<void> = Promise.resolve();
  #hanging = false;
  #closing: Promise<void> | null = null;
  #attachmentCount = 0;
  #faultError: { readonly error: unknown } | null = null;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#random = createRandom(options.seed);
  }

  get env(): ResolvedOptions["env"] {
    return this.#options.env;
  }

  get limits(): ResolvedOptions["limits"] {
    return this.#options.limits;
  }

  get host(): string {
    return this.#options.listen.host;
  }

  get port(): number {
    return this.#port;
  }

  get seed(): number {
    return this.#options.seed;
  }

  get target(): Address {
    return this.#target;
  }

  get counters(): ProxyCounters {
    return { ...this.#counters };
  }

  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  async open(): Promise<void> {
    await this.#listen(this.#options.listen);
  }

  url(path = "/", scheme = "http"): string {
    const host = this.host.includes(":") ? `[${this.host}]` : this.host;
    return `${scheme}://${host}:${this.#port}${path}`;
  }

  add(fault: Fault, options: AddOptions = {}): FaultHandle {
    const { connections = "all" } = options;
    const attachment = this.#attach(fault, options);
    const choose = typeof connections === "function" ? connections : () => true;
    this.#offers.set(attachment, { attachment, choose });
    if (connections !== "new") {
      for (const connection of this.#connections) if (choose(connection)) attachment.offer(connection);
    }
    return attachment;
  }

  addTo(connection: ProxiedConnection, fault: Fault, placement: FaultPlacement): FaultHandle {
    const attachment = this.#attach(fault, placement);
    if (connection.state === "closed") void attachment.remove();
    else void connection.closed.then(() => attachment.remove());
    attachment.offer(connection);
    return attachment;
  }

  nextConnection(): Promise<Connection> {
    const next = new Promise<Connection>((resolve, reject) => {
      if (this.#closing !== null) {
        reject(new LabError("closed", "the proxy is closed"));
        return;
      }
      this.#waiters.add(reject);
      const stop = this.onConnection((connection) => {
        stop();
        this.#waiters.delete(reject);
        resolve(connection);
      });
    });
    // Whoever awaits it sees the rejection; a promise that nobody came back for must not end the process.
    next.catch(() => {});
    return next;
  }

  onConnection(listener: (connection: Connection) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  setTarget(target: Address): void {
    this.#target = checkTarget(target);
  }

  refuse(on: boolean): Promise<void> {
    const switched = this.#switching.then(() => this.#switchListening(!on));
    this.#switching = switched.catch(() => {});
    return switched;
  }

  hang(on: boolean): void {
    this.#hanging = on;
    if (on) return;
    for (const connection of this.#connections) if (connection.state === "parked") connection.release();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  dial(): Dial {
    return this.env.net.dial(this.#target);
  }

  opened(connection: ProxiedConnection): void {
    this.#counters.opened++;
    for (const listener of [...this.#listeners]) listener(connection);
  }

  dialFailed(): void {
    this.#counters.dialsFailed++;
  }

  settled(connection: ProxiedConnection): void {
    this.#counters.closed++;
    this.#connections.delete(connection);
  }

  faultFailed(error: unknown): void {
    this.#faultError ??= { error };
  }

  #attach(fault: Fault, placement: FaultPlacement): Attachment {
    if (this.#closing !== null) throw new LabError("closed", "the proxy is closed");
    if (this.#attachments.size >= this.limits.faultsMax) throw new LabError("limit", `${this.limits.faultsMax} faults are on already`);
    const id = ++this.#attachmentCount;
    const attachment = new Attachment({
      id,
      fault,
      placement,
      random: this.#random.fork(id),
      removed: (gone) => {
        this.#attachments.delete(gone);
        this.#offers.delete(gone);
      },
    });
    this.#attachments.add(attachment);
    return attachment;
  }

  #accept(socket: LabSocket): void {
    if (this.#connections.size >= this.limits.connectionsMax) {
      this.#counters.overLimit++;
      socket.reset();
      return;
    }
    const connection = new ProxiedConnection(++this.#counters.accepted, socket, this);
    this.#connections.add(connection);
    for (const { attachment, choose } of this.#offers.values()) if (choose(connection)) attachment.offer(connection);
    connection.accept();
    if (!this.#hanging) connection.release();
  }

  async #listen(address: Address): Promise<void> {
    this.#listener = await this.env.net.listen(address, {
      socket: (socket) => this.#accept(socket),
      failed: () => this.#counters.acceptsFailed++,
    });
    this.#port = this.#listener.port;
  }

  async #switchListening(on: boolean): Promise<void> {
    const address = { host: this.host, port: this.#port };
    if (on && this.#listener === null && this.#closing === null) {
      await this.#listen(address);
      await this.#hold?.release();
      this.#hold = null;
    } else if (!on && this.#listener !== null) {
      const listener = this.#listener;
      this.#listener = null;
      const closed = listener.close();
      this.#hold = await this.env.net.hold(address);
      await closed;
    }
  }

  async #close(): Promise<void> {
    await this.#switching;
    const closed = [...this.#connections].map((connection) => connection.closed);
    for (const connection of this.#connections) connection.abandon();
    await Promise.all([this.#listener?.close(), this.#hold?.release(), ...closed]);
    await Promise.all([...this.#attachments].map((attachment) => attachment.remove()));
    for (const reject of this.#waiters) reject(new LabError("closed", "the proxy is closed"));
    this.#waiters.clear();
    this.#listeners.clear();
    if (this.#faultError !== null) throw this.#faultError.error;
  }
}

/**
 * One proxied connection: the shell around its machine. It owns two sockets, two lines and the linger timer, and performs what the
 * machine decides. It must never keep a socket or a timer once it has settled.
 */

import type { Attachable, Attachment, FaultHandle, FaultPlacement } from "./attachment.ts";
import { type CloseCause, type ConnectionAction, type ConnectionEvent, type ConnectionState, stepConnection } from "./connection-state.ts";
import type { Address, Dial, LabEnv, LabSocket, LabTimer } from "./env.ts";
import { type Direction, type Fault, names, type Side, type Sides } from "./fault.ts";
import { Line, type Traffic } from "./line.ts";
import type { ProxyLimits } from "./options.ts";
import { FaultStage } from "./stage.ts";

/** A proxied connection as its users see it: live, until `closed` resolves. */
export interface Connection {
  /** 1, 2, 3 … in the order of acceptance. */
  readonly id: number;
  /** The client's address. */
  readonly client: Address;
  /** Parked by `hang`; dialling the target; open; closed. */
  readonly state: ConnectionState["name"];
  /** Milliseconds since it was accepted. */
  readonly ageMs: number;
  /** Milliseconds since the last byte came from either side, or since acceptance. */
  readonly idleMs: number;
  readonly toServer: Traffic;
  readonly toClient: Traffic;
  /** Resolves when both sockets are gone, with what ended it. */
  readonly closed: Promise<CloseCause>;
  /** Lays a fault on this connection alone. */
  add(fault: Fault, placement?: FaultPlacement): FaultHandle;
  /** RST now, to the sides named. What is under way to them is lost; the side not named is told nothing. @param sides default "both" */
  reset(sides?: Sides): void;
  /** FIN to the sides named, behind what they were passed already; what comes for them later is dropped. @param sides default "both" */
  end(sides?: Sides): void;
}

/** What a connection needs from its proxy. */
export interface ConnectionHost {
  readonly env: LabEnv;
  readonly limits: ProxyLimits;
  dial(): Dial;
  opened(connection: ProxiedConnection): void;
  dialFailed(): void;
  settled(connection: ProxiedConnection): void;
  faultFailed(error: unknown): void;
  addTo(connection: ProxiedConnection, fault: Fault, placement: FaultPlacement): FaultHandle;
}

export class ProxiedConnection implements Connection, Attachable {
  readonly id: number;
  readonly client: Address;
  readonly toServer: Line;
  readonly toClient: Line;
  readonly closed: Promise<CloseCause>;

  readonly #host: ConnectionHost;
  readonly #acceptedMs: number;
  readonly #sockets: { client: LabSocket; server: LabSocket | null };
  readonly #attachments = new Set<Attachment>();
  readonly #events: ConnectionEvent[] = [];
  #state: ConnectionState;
  #stepping = false;
  #dial: Dial | null = null;
  #linger: LabTimer | null = null;
  #resolveClosed: (cause: CloseCause) => void = () => {};

  constructor(id: number, socket: LabSocket, host: ConnectionHost) {
    this.id = id;
    this.client = socket.peer;
    this.#host = host;
    this.#acceptedMs = host.env.clock.monoMs();
    this.#sockets = { client: socket, server: null };
    this.#state = { name: "parked", sinceMs: this.#acceptedMs };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.toServer = this.#newLine("to-server");
    this.toClient = this.#newLine("to-client");
    this.toServer.setSource(socket);
    this.toClient.attachSink(socket);
  }

  get state(): ConnectionState["name"] {
    return this.#state.name;
  }

  get ageMs(): number {
    return this.#host.env.clock.monoMs() - this.#acceptedMs;
  }

  get idleMs(): number {
    const lastMs = Math.max(this.#acceptedMs, this.toServer.lastByteMs ?? 0, this.toClient.lastByteMs ?? 0);
    return this.#host.env.clock.monoMs() - lastMs;
  }

  /** Reads the client from now on; the target is dialled at `release`. */
  accept(): void {
    this.#listenTo("client", this.#sockets.client);
  }

  /** Lets the dial go out. */
  release(): void {
    this.#dispatch({ type: "release" });
  }

  /** Lets go of both descriptors without ceremony. */
  abandon(): void {
    this.#dispatch({ type: "abandon", cause: "proxy-closed" });
  }

  add(fault: Fault, placement: FaultPlacement = {}): FaultHandle {
    return this.#host.addTo(this, fault, placement);
  }

  reset(sides: Sides = "both"): void {
    if (this.#state.name !== "open") {
      this.#dispatch({ type: "abandon", cause: "lab-reset" });
      return;
    }
    if (names(sides, "client")) this.#sockets.client.reset();
    if (names(sides, "server")) this.#sockets.server?.reset();
  }

  end(sides: Sides = "both"): void {
    if (names(sides, "client")) this.toClient.finish();
    if (names(sides, "server")) this.toServer.finish();
  }

  install(attachment: Attachment): () => Promise<void> {
    if (this.#state.name === "closed") return async () => {};
    this.#attachments.add(attachment);
    const box = {};
    const placed = [this.toServer, this.toClient]
      .filter((line) => attachment.directions === "both" || attachment.directions === line.direction)
      .map((line) => ({ line, stage: this.#newStage(attachment, line.direction, box) }));
    for (const { line, stage } of placed) line.insert(stage);
    return async () => {
      this.#attachments.delete(attachment);
      await Promise.all(placed.map(({ line, stage }) => line.remove(stage)));
    };
  }

  #newLine(direction: Direction): Line {
    return new Line({
      direction,
      clock: this.#host.env.clock,
      bufferBytesMax: this.#host.limits.bufferBytesMax,
      failed: (error) => {
        this.#host.faultFailed(error);
        this.reset();
      },
    });
  }

  #newStage(attachment: Attachment, direction: Direction, box: { value?: object }): FaultStage {
    return new FaultStage({
      fault: attachment.fault,
      direction,
      box,
      clock: this.#host.env.clock,
      random: attachment.random.fork(this.id, direction === "to-server" ? 0 : 1),
      ledger: attachment,
      connection: this,
    });
  }

  /** The line that carries what `side` sends. */
  #lineFrom(side: Side): Line {
    return side === "client" ? this.toServer : this.toClient;
  }

  #listenTo(side: Side, socket: LabSocket): void {
    const line = this.#lineFrom(side);
    socket.start({
      bytes: (bytes) => line.admit({ kind: "bytes", bytes }),
      end: () => this.#dispatch({ type: "ended", side }),
      gone: (how) => this.#dispatch({ type: "gone", side, how }),
    });
  }

  /** Events wait their turn: an action may cause the next event before it returns. */
  #dispatch(event: ConnectionEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { state, actions } = stepConnection(this.#state, next, this.#host.env.clock.monoMs());
      this.#state = state;
      for (const action of actions) this.#perform(action);
    }
    this.#stepping = false;
  }

  #perform(action: ConnectionAction): void {
    switch (action.type) {
      case "dial":
        this.#dial = this.#host.dial();
        void this.#awaitDial(this.#dial);
        return;
      case "cancel-dial":
        this.#dial?.cancel();
        return;
      case "start":
        this.#start();
        return;
      case "relay":
        this.#lineFrom(action.from).admit({ kind: action.what });
        return;
      case "reset":
        this.#sockets[action.side]?.reset();
        return;
      case "destroy":
        this.#sockets[action.side]?.destroy();
        return;
      case "arm-linger":
        this.#linger = this.#host.env.clock.after(this.#host.limits.lingerMs, () => {
          this.#dispatch({ type: "linger-over", busy: this.toServer.busy || this.toClient.busy });
        });
        return;
      case "settle":
        this.#settle(action.cause);
        return;
      default:
        action satisfies never;
    }
  }

  async #awaitDial(dial: Dial): Promise<void> {
    const result = await dial.result;
    this.#dial = null;
    if (!result.ok) {
      if (this.#state.name !== "closed") this.#host.dialFailed();
      this.#dispatch({ type: "dial-failed" });
      return;
    }
    this.#sockets.server = result.socket;
    this.#dispatch({ type: "dialled" });
  }

  #start(): void {
    const server = this.#sockets.server as LabSocket;
    this.toClient.setSource(server);
    // Whoever waits for connections may lay faults on this one before its first byte passes.
    this.#host.opened(this);
    this.toServer.start();
    this.toClient.start();
    this.toServer.attachSink(server);
    this.#listenTo("server", server);
  }

  #settle(cause: CloseCause): void {
    this.#linger?.cancel();
    this.toServer.close();
    this.toClient.close();
    for (const attachment of this.#attachments) attachment.forget(this);
    this.#attachments.clear();
    this.#host.settled(this);
    this.#resolveClosed(cause);
  }
}

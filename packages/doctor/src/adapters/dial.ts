/**
 * Opens all connections to the target: never more at once, nor more in a second, than the caller allowed; and closes whatever is left.
 */
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from "node:tls";
import type { Clock } from "@holdfast/protocol";
import type { Ask } from "../ask.ts";
import type { NameFact } from "../facts.ts";
import { pause, within } from "../probes/pause.ts";
import { Line } from "./line.ts";

/** How long the name may take. */
const lookUpMsMax = 15_000;
/** How long TCP and TLS may take together. */
export const dialMsMax = 10_000;

/** The resolver did not answer: said also where that took all the time. */
export class LateName extends Error {}

export interface DialOptions {
  /** Protocols to offer; none offered when absent. */
  readonly alpn?: readonly string[];
  /** A session of TLS to resume. */
  readonly session?: Buffer;
  /** Open it although nothing vouches for the certificate: to look at it, and never to send anything. */
  readonly justLook?: true;
  /** Called with each session that the server gives. */
  readonly onSession?: (session: Buffer) => void;
}

export class Dialler {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** As HTTP/2 wants it. */
  readonly origin: string;
  /** Opened so far, and at most at once. */
  opened = 0;
  openMax = 0;
  #address = "";
  readonly #ask: Ask;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #open = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #nextMs = 0;
  #context: SecureContext | undefined;

  constructor(ask: Ask, clock: Clock, signal: AbortSignal) {
    this.#ask = ask;
    this.#clock = clock;
    this.#signal = signal;
    this.isSecure = ask.url.protocol === "https:" || ask.url.protocol === "wss:";
    this.origin = ask.url.origin.replace(/^ws/, "http");
    this.host = ask.url.hostname.replace(/^\[|\]$/g, "");
    this.port = Number(ask.url.port || (this.isSecure ? 443 : 80));
    signal.addEventListener("abort", () => this.closeAll(), { once: true });
  }

  /** Looks the name up once: all connections go to one address, because each address may have timers of its own. */
  async reach(): Promise<{ readonly name: NameFact; readonly connectMs: number }> {
    const startMs = this.#clock.monoMs();
    const found = isIP(this.host) === 0 ? await this.#lookUp() : [this.host];
    const addresses = [...new Set(found)];
    const lookupMs = this.#clock.monoMs() - startMs;
    let fault: unknown = new Error(`${this.host} has no address`);
    for (const address of addresses) {
      this.#address = address;
      try {
        const line = await this.dial({ justLook: true });
        line.close();
        return { name: { host: this.host, addresses, used: address, lookupMs }, connectMs: line.tcpMs };
      } catch (thrown) {
        fault = thrown;
      }
    }
    throw fault;
  }

  /** The system's resolver can not be stopped, so it is left behind when the time is over. */
  async #lookUp(): Promise<string[]> {
    const found = await within(this.#clock, lookup(this.host, { all: true }), lookUpMsMax, null, this.#signal);
    if (found === null) throw new LateName(`the name ${this.host} was not found in time`);
    return found.map(({ address }) => address);
  }

  /** Rejects when no connection comes about, or the examination is over. */
  async dial(options: DialOptions = {}): Promise<Line> {
    await this.#turn();
    try {
      this.#signal.throwIfAborted();
      return await this.#connect(options);
    } catch (thrown) {
      this.#leave();
      throw thrown;
    }
  }

  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #turn(): Promise<void> {
    while (this.#taken >= this.#ask.connections && !this.#signal.aborted) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken++;
    const nowMs = this.#clock.monoMs();
    const atMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = atMs + 1_000 / this.#ask.opensPerSecond;
    await pause(this.#clock, atMs - nowMs, this.#signal);
  }

  #leave(): void {
    this.#taken--;
    this.#waiting.shift()?.();
  }

  #connect(options: DialOptions): Promise<Line> {
    const startMs = this.#clock.monoMs();
    const plain = { host: this.#address, port: this.port, allowHalfOpen: true, noDelay: true };
    const socket: Socket | TLSSocket = this.isSecure ? connectTls({ ...plain, ...this.#tlsOptions(options) }) : connect(plain);
    return new Promise((resolve, reject) => {
      let tcpMs = 0;
      const timer = this.#clock.after(dialMsMax, () => socket.destroy(new Error(`no connection to ${this.#address} within ${dialMsMax / 1_000} s`)));
      const settle = (): void => {
        timer.cancel();
        socket.off("error", fail);
        socket.off("close", closed);
      };
      const fail = (fault: Error): void => {
        settle();
        this.#open.delete(socket);
        socket.destroy();
        reject(fault);
      };
      const closed = (): void => fail(new Error("the connection was closed while it was made"));
      const done = (): void => {
        settle();
        this.opened++;
        this.openMax = Math.max(this.openMax, this.#open.size);
        socket.once("close", () => {
          this.#open.delete(socket);
          this.#leave();
        });
        resolve(
          new Line(
            socket,
            this.isSecure ? (socket as TLSSocket) : null,
            { tcpMs, tlsMs: this.isSecure ? this.#clock.monoMs() - startMs - tcpMs : null },
            this.#clock,
          ),
        );
      };
      this.#open.add(socket);
      // An attempt that was given up may still fail later, and nobody asks any more.
      socket.on("error", () => {});
      socket.once("error", fail);
      socket.once("close", closed);
      socket.once("connect", () => {
        tcpMs = this.#clock.monoMs() - startMs;
        if (!this.isSecure) done();
      });
      if (this.isSecure) socket.once("secureConnect", done);
      if (options.onSession !== undefined) socket.on("session", options.onSession);
    });
  }

  #tlsOptions({ alpn, session, justLook }: DialOptions) {
    const { ca, insecure } = this.#ask;
    if (ca !== "") this.#context ??= createSecureContext({ ca: [...rootCertificates, ca] });
    return {
      servername: isIP(this.host) === 0 ? this.host : "",
      rejectUnauthorized: !insecure && justLook !== true,
      ...(this.#context === undefined ? {} : { secureContext: this.#context }),
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      ...(session === undefined ? {} : { session }),
    };
  }
}

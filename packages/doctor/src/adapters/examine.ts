/**
 * The examination: opens what was asked for, in parallel where one does not need another's result, and gathers the facts. It judges nothing.
 */
import type { Clock } from "@holdfast/protocol";
import { agentProtocol } from "../agent/wire.ts";
import { type Ask, isAsked, type ProbeName } from "../ask.ts";
import {
  type Facts,
  type HttpFact,
  type IdleFact,
  type IdleOf,
  type Known,
  known,
  type NameFact,
  type NotMeasured,
  type TcpFact,
  type TlsFact,
  unknown,
} from "../facts.ts";
import { hopHints } from "../probes/hop-hints.ts";
import { pause } from "../probes/pause.ts";
import type { Seats } from "../probes/seat.ts";
import { Dialler, LateName } from "./dial.ts";
import { nodeDoctorClock } from "./env.ts";
import { askWhoEnded, findAgent } from "./helper.ts";
import type { RequestHead } from "./http1.ts";
import { firstAnswerMsMax, type KeepAliveSeen, seeKeepAlive } from "./keep-alive.ts";
import { lookMsMax, tryEventStream, tryWebSocket } from "./openings.ts";
import { seeOrigin } from "./origin.ts";
import { agentStream, streamSeats } from "./seats-events.ts";
import { keptSeats, mutedSeats, type SeatContext } from "./seats-http1.ts";
import { sessionSeats, speaksHttp2 } from "./seats-http2.ts";
import { socketSeats } from "./seats-websocket.ts";
import { Silence } from "./silence.ts";
import { lookAtTls, seeResumption } from "./tls.ts";

export interface Progress {
  readonly doneMs: number;
  /** At most so long to go. */
  readonly leftMs: number;
  readonly what: string;
}

export interface ExamineOptions {
  readonly clock?: Clock;
  /** Ends the examination early: what is known by then is returned. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** How often progress is told. */
const progressMs = 500;
/** What is left for the last words when the time is over. */
const reportMs = 300;
/** Whoever speaks HTTP/2 without TLS says so at once; who does not may wait for the rest of a request. */
const cleartextMsMax = 2_000;

/** Never rejects for what a target does; it resolves within `ask.maxMs`, and leaves no connection behind. */
export async function examine(ask: Ask, options: ExamineOptions = {}): Promise<Facts> {
  return await new Examination(ask, options).run();
}

class Examination {
  readonly #ask: Ask;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #startedWallMs: number;
  readonly #over = new AbortController();
  readonly #dialler: Dialler;
  readonly #request: RequestHead;
  readonly #notMeasured: NotMeasured[] = [];
  readonly #onProgress: (progress: Progress) => void;
  #what = "";

  constructor(ask: Ask, { clock = nodeDoctorClock, signal, onProgress }: ExamineOptions) {
    this.#ask = ask;
    this.#clock = clock;
    this.#startMs = clock.monoMs();
    this.#startedWallMs = clock.wallMs();
    this.#dialler = new Dialler(ask, clock, this.#over.signal);
    this.#onProgress = onProgress ?? (() => {});
    this.#request = requestOf(ask);
    if (signal?.aborted === true) this.#over.abort();
    signal?.addEventListener("abort", () => this.#over.abort(), { once: true });
  }

  async run(): Promise<Facts> {
    const timer = this.#clock.after(this.#ask.maxMs, () => this.#over.abort());
    const ticker = this.#tick();
    try {
      return await this.#gather();
    } finally {
      timer.cancel();
      this.#over.abort();
      await ticker;
      this.#dialler.closeAll();
    }
  }

  async #gather(): Promise<Facts> {
    const { name, tcp, tls } = await this.#reach();
    const why = name.known ? this.#distrust(tls) : name.why;
    const seen = why === null ? await this.#seen() : unknown(why);
    const rest = seen.known && tcp.known ? await this.#rest(seen.value, tcp.value.connectMs, tls) : null;
    const none = unknown(seen.known ? "it was not tried" : seen.why);
    return {
      url: this.#ask.url.href,
      startedWallMs: this.#startedWallMs,
      tookMs: this.#doneMs(),
      maxMs: this.#ask.maxMs,
      name,
      tcp,
      tls,
      resumption: rest?.resumption ?? none,
      http: seen.known ? known<HttpFact>({ ...seen.value.http, http2: rest?.http2 ?? none }) : seen,
      keepAlive: seen.known ? seen.value.keepAlive : seen,
      hops: seen.known ? hopHints(seen.value.http.headers) : [],
      webSocket: rest?.webSocket ?? none,
      eventStream: rest?.eventStream ?? none,
      helper: rest?.helper ?? none,
      origin: rest?.origin ?? none,
      idle: sorted(rest?.idle ?? []),
      controls: rest?.controls ?? [],
      notMeasured: this.#notMeasured,
      cost: { connections: this.#dialler.opened, openMax: this.#dialler.openMax },
    };
  }

  /** Nothing is sent to a stranger. Null: it is none. */
  #distrust(tls: Known<TlsFact>): string | null {
    if (!this.#dialler.isSecure) return null;
    if (!tls.known) return tls.why;
    const fault = this.#ask.insecure ? null : (tls.value.trustFault ?? tls.value.nameFault);
    return fault === null ? null : `the certificate is not good (${fault}), and nothing is sent to a stranger`;
  }

  /** Everything that needs an answer of the target to begin with. Each transport goes on by itself as soon as it is known to be there. */
  async #rest(seen: KeepAliveSeen, connectMs: number, tls: Known<TlsFact>) {
    const request = seen.quiet ?? this.#request;
    const waitMs = Math.min(firstAnswerMsMax, this.#ask.maxMs / 4);
    const context: SeatContext = { dialler: this.#dialler, clock: this.#clock, request, waitMs };
    const agent = { ...context, prefix: this.#ask.prefix };
    const helper = await this.#try(() => findAgent(agent));
    const silence = new Silence(
      this.#ask,
      context,
      { signal: this.#over.signal, deadlineMs: this.#startMs + this.#ask.maxMs - reportMs, connectMs },
      (ids, how) => (helper.known ? askWhoEnded(agent, ids, how) : Promise.resolve(null)),
    );
    const wants = (probe: ProbeName): boolean => isAsked(this.#ask, probe);
    this.#what = "sitting still";
    const hasSocket = helper.known && helper.value.server["socket"] === true;
    const own = `${this.#ask.url.pathname}${this.#ask.url.search}`;
    const socket = { path: hasSocket ? `${this.#ask.prefix}/socket` : own, protocol: hasSocket ? agentProtocol : null, beatMs: silence.beatMs };
    const streamPath = helper.known ? `${this.#ask.prefix}/events?silentAfter=0` : own;
    const lookMs = Math.min(lookMsMax, this.#ask.maxMs / 20);
    const [origin, resumption, http2, webSocket, eventStream] = await Promise.all([
      helper.known ? this.#asked("origin", () => seeOrigin(agent, this.#leftMs() - reportMs)) : helper,
      this.#dialler.isSecure ? this.#asked("tls", () => seeResumption(this.#dialler, this.#clock, this.#over.signal)) : unknown("no TLS"),
      this.#http2(context, tls, silence),
      this.#asked("websocket", async () => {
        const fact = await tryWebSocket(context, socket, lookMs);
        if (fact.taken && fact.beatMs === null) await this.#measure(silence, socketSeats(context, socket));
        else if (fact.beatMs !== null)
          this.#notMeasured.push({ what: "websocket: idle timer", why: "the other side speaks by itself before any silence is long enough" });
        return fact;
      }),
      this.#asked("event-stream", async () => {
        const fact = await tryEventStream(context, streamPath, lookMs);
        if (fact.is)
          await this.#measure(
            silence,
            streamSeats(context, helper.known ? agentStream(this.#ask.prefix, silence.beatMs) : { path: () => own, isAgent: false }),
          );
        return fact;
      }),
      wants("http1") && seen.quiet !== null ? this.#measure(silence, keptSeats(context)) : null,
      wants("tcp") ? this.#measure(silence, mutedSeats(context)) : null,
    ]);
    this.#notMeasured.push(...silence.notMeasured);
    return { helper, origin, resumption, http2, webSocket, eventStream, idle: silence.idle, controls: silence.controls };
  }

  async #http2(context: SeatContext, tls: Known<TlsFact>, silence: Silence): Promise<Known<boolean>> {
    const isAgreed = tls.known ? tls.value.alpn === "h2" : null;
    if (!isAsked(this.#ask, "http2")) return isAgreed === null ? unknown("not asked for") : known(isAgreed);
    const speaks = isAgreed ?? (await speaksHttp2({ ...context, waitMs: Math.min(context.waitMs, cleartextMsMax) }));
    if (speaks) await this.#measure(silence, sessionSeats(context));
    return known(speaks);
  }

  /** What goes wrong with one transport is said, and keeps no other from being measured. */
  async #measure(silence: Silence, seats: Seats): Promise<void> {
    const measured = await this.#try(() => silence.measure(seats));
    if (!measured.known) this.#notMeasured.push({ what: `${seats.of}: idle timer`, why: measured.why });
  }

  /** The name, a first connection, a first handshake. */
  async #reach(): Promise<{ name: Known<NameFact>; tcp: Known<TcpFact>; tls: Known<TlsFact> }> {
    this.#what = "reaching it";
    const reached = await this.#try(() => this.#dialler.reach());
    if (!reached.known) return { name: reached, tcp: reached, tls: reached };
    const { name, connectMs } = reached.value;
    const tls = this.#dialler.isSecure ? await this.#try(() => lookAtTls(this.#dialler)) : unknown("no TLS");
    return { name: known(name), tcp: known({ address: name.used, port: this.#dialler.port, connectMs }), tls };
  }

  #seen(): Promise<Known<KeepAliveSeen>> {
    this.#what = "keep-alive";
    const waitMs = Math.min(firstAnswerMsMax, this.#leftMs());
    return this.#try(() => seeKeepAlive(this.#dialler, this.#request, waitMs, this.#clock, this.#over.signal));
  }

  #asked<T>(probe: ProbeName, run: () => Promise<T>): Promise<Known<T>> | Known<T> {
    return isAsked(this.#ask, probe) ? this.#try(run) : unknown("not asked for");
  }

  async #try<T>(run: () => Promise<T>): Promise<Known<T>> {
    try {
      return known(await run());
    } catch (thrown) {
      return unknown(this.#over.signal.aborted && !(thrown instanceof LateName) ? "the time was over" : whyOf(thrown));
    }
  }

  #doneMs(): number {
    return this.#clock.monoMs() - this.#startMs;
  }

  #leftMs(): number {
    return Math.max(0, this.#ask.maxMs - this.#doneMs());
  }

  async #tick(): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#onProgress({ doneMs: this.#doneMs(), leftMs: this.#leftMs(), what: this.#what });
      await pause(this.#clock, progressMs, this.#over.signal);
    }
  }
}

const whyOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message || ((thrown as NodeJS.ErrnoException).code ?? thrown.name) : String(thrown);

const order: readonly IdleOf[] = ["http1", "http2", "websocket", "event-stream", "tcp"];

/** By transport, nothing moving first. */
function sorted(idle: readonly IdleFact[]): IdleFact[] {
  const rank = ({ of, moving }: IdleFact): number => order.indexOf(of) * 2 + (moving === "nothing" ? 0 : 1);
  return [...idle].sort((a, b) => rank(a) - rank(b));
}

/** How the doctor asks for the URL. What the caller says of a header stands in place of the doctor's own; of one name there is one line. */
export function requestOf({ url, headers, token }: Ask): RequestHead {
  const own = [["accept", "*/*"], ["user-agent", "holdfast-doctor"], ...(token === "" ? [] : [["authorization", `Bearer ${token}`]])] as const;
  const lines = new Map<string, string>();
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    const before = lines.get(name);
    lines.set(name, before === undefined ? value : `${before}${name === "cookie" ? ";" : ","} ${value}`);
  }
  return {
    method: "GET",
    path: `${url.pathname}${url.search}`,
    host: url.host,
    headers: [...own.flatMap(([name, value]) => (lines.has(name) ? [] : [[name, value] as const])), ...lines],
  };
}

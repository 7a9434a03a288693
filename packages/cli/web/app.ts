/**
 * The page as a whole: joins the client that follows, the wire that is cut, the log that is asked past the wire, and the views.
 * Every figure that it shows comes from one of these; it makes none up.
 */
import type { Status, StreamEntry } from "@holdfast/client";
import { Charts, type ProcessVital } from "./charts.ts";
import { type Config, Control, type LineFacts, readConfig, readLog } from "./control.ts";
import type { CutButton, CutName, Times } from "./cuts.ts";
import { CutsView } from "./cuts-view.ts";
import { byId, choose, onChoice, setText } from "./dom.ts";
import { showEvent } from "./events-view.ts";
import { Follower, type TransportChoice, transportChoices } from "./follower.ts";
import { counted, seconds } from "./format.ts";
import { Ledger } from "./ledger.ts";
import { PlainSocket } from "./plain-socket.ts";
import { Ribbon } from "./ribbon.ts";
import { StatusView } from "./status-view.ts";
import { type Seen, Story, transportName } from "./story.ts";
import { drawVerdict } from "./verdict-view.ts";

const drawMs = 100;
/** For people who asked for less motion, numbers move once a second. */
const drawCalmMs = 1_000;
const pollMs = 1_000;
const compareMs = 2_000;
/** After the status has become live again, so that the last entries have been handed out. */
const compareSoonMs = 500;

/** What the app begins with. */
export interface Begin {
  readonly config: Config;
  readonly line: LineFacts;
  /** The newest position of the numbered stream, and its number. */
  readonly position: string;
}

export function timesOf({ heartbeatMs, probeTimeoutMs, pauseMs }: Config): Times {
  const staleMs = heartbeatMs * 1.1 + 2_000;
  return { heartbeatMs, staleMs, noticedMs: staleMs + probeTimeoutMs, pauseMs };
}

export class App {
  readonly #config: Config;
  readonly #ledger = new Ledger();
  readonly #story = new Story(showEvent);
  readonly #ribbon = new Ribbon(byId("ribbon"));
  readonly #charts: Charts;
  readonly #status: StatusView;
  readonly #cuts: CutsView;
  readonly #follower: Follower;
  #control: Control;
  #line: LineFacts;
  #plain: PlainSocket;
  #isSilent = false;
  #heardMs: number | null = null;
  #received = 0;
  #number: number | null = null;
  #newest: number | null = null;
  #comparing = false;
  #comparedAtMs: number | null = null;
  #choice: TransportChoice = "auto";
  /** The choice before a cut changed it. */
  #choiceBefore: TransportChoice | null = null;
  #drawnMs = 0;

  constructor({ config, line, position }: Begin) {
    this.#config = config;
    this.#control = new Control(config);
    this.#line = line;
    const times = timesOf(config);
    this.#charts = new Charts(byId("charts"), config.vitals);
    this.#status = new StatusView(times);
    this.#cuts = new CutsView(times, (spec, isOn) => void this.#pressed(spec, isOn));
    this.#ledger.begin(position);
    this.#plain = this.#newPlain();
    const { numbersStream, probeTimeoutMs } = config;
    this.#follower = new Follower({ numbersStream, vitalsStream: config.vitals ? "vitals/process" : null, probeTimeoutMs }, position, {
      number: (entry) => this.#entry(entry),
      vital: (entry) => {
        this.#heard(Date.now());
        this.#charts.vital(entry.timeMs, entry.data as ProcessVital);
      },
      gap: ({ reason, after }) => {
        this.#ledger.gap(after);
        this.#story.say(Date.now(), "doubt", `A gap was announced (${reason}): the log no longer has what follows`);
      },
      status: (status) => this.#statusChanged(status),
      failed: (error) => this.#story.say(Date.now(), "bad", `The stream ended: ${error instanceof Error ? error.message : String(error)}`),
    });
  }

  start(): void {
    const { heartbeatMs, engine, numbersPerSecond } = this.#config;
    setText(byId("server"), `${location.host}, ${engine} engine, heartbeat ${seconds(heartbeatMs)}, ${numbersPerSecond} numbered entries a second`);
    if (heartbeatMs > 3_000) setText(byId("faster"), "To see everything happen sooner: npm start -- --heartbeat-ms 2000");
    this.#offerTransports();
    byId("plain-reload").addEventListener("click", () => this.#plain.open());
    this.#follower.start(this.#lineUrl("http"), this.#choice);
    this.#plain.open();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
    setInterval(() => {
      if (Date.now() - this.#drawnMs >= (isCalm.matches ? drawCalmMs : drawMs) - 20) this.#draw();
    }, drawMs);
    setInterval(() => void this.#poll(), pollMs);
    setInterval(() => void this.#compare(), compareMs);
    setTimeout(() => void this.#compare(), compareSoonMs * 3);
    this.#draw();
  }

  #lineUrl(scheme: "http" | "ws"): string {
    const { lineHost } = this.#config;
    return `${scheme}://${lineHost.includes(":") ? `[${lineHost}]` : lineHost}:${this.#line.port}`;
  }

  #newPlain(): PlainSocket {
    return new PlainSocket(`${this.#lineUrl("ws")}/v1/link`, this.#config.numbersStream, this.#config.heartbeatMs);
  }

  #offerTransports(): void {
    const group = byId("transports");
    const offered = transportChoices();
    for (const input of group.querySelectorAll("input")) input.disabled = !offered.includes(input.value as TransportChoice);
    onChoice(group, (value) => {
      this.#choiceBefore = null;
      this.#follow(value as TransportChoice);
    });
  }

  /** A new client, which goes on where the old one was. */
  #follow(choice: TransportChoice): void {
    this.#choice = choice;
    choose(byId("transports"), choice);
    this.#story.switched(Date.now(), choice === "auto" ? "Transport: the client chooses" : `Transport: ${transportName(choice)}`);
    this.#follower.start(this.#lineUrl("http"), choice);
  }

  #heard(atMs: number): void {
    if (this.#heardMs !== null && atMs <= this.#heardMs) return;
    this.#heardMs = atMs;
    this.#charts.heard(atMs);
  }

  #entry(entry: StreamEntry): void {
    const nowMs = Date.now();
    const { number, publishedMs } = entry.data as { readonly number: number; readonly publishedMs: number };
    this.#heard(nowMs);
    this.#received++;
    this.#number = number;
    this.#ledger.received(entry.position);
    this.#charts.entry(nowMs, Math.max(0, nowMs - publishedMs));
    this.#story.entry(nowMs, publishedMs);
  }

  #statusChanged(status: Status): void {
    const nowMs = Date.now();
    const silentMs = this.#heardMs === null ? 0 : nowMs - this.#heardMs;
    const wasLive = this.#drawnState === "live";
    if (status.lastProofOfLifeMs !== null) this.#heard(Math.min(nowMs, status.lastProofOfLifeMs));
    this.#story.status(nowMs, status as Seen, silentMs);
    this.#ribbon.state(nowMs, status.state);
    if (status.state === "live" && !wasLive) setTimeout(() => void this.#compare(), compareSoonMs);
    this.#draw();
  }

  get #drawnState(): string {
    return byId("status").dataset["state"] ?? "";
  }

  async #pressed({ name, title, undo }: CutButton, isOn: boolean): Promise<void> {
    const nowMs = Date.now();
    if (name === "pause") {
      const paused = await this.#control.pause();
      if (paused.ok) this.#cutSaid(nowMs, "pause", `Server paused: for ${seconds(paused.value.pauseMs)} its thread does nothing`);
      else this.#story.say(nowMs, "plain", "The server was paused a moment ago; let it breathe first");
      return;
    }
    const { connections } = this.#line;
    const answer = await this.#control.cut(this.#line.id, isOn ? "mend" : name);
    if (!answer.ok) return this.#story.say(nowMs, "plain", `${title}: the server did not answer`);
    this.#line = answer.value;
    if (isOn) this.#cutSaid(nowMs, "mended", `${undo}: bytes pass again`);
    else this.#cutSaid(nowMs, title.toLowerCase(), cutText(name, connections));
    if (name !== "buffer") return;
    if (isOn && this.#choiceBefore !== null) {
      this.#follow(this.#choiceBefore);
      this.#choiceBefore = null;
    } else if (!isOn && this.#choice !== "sse" && transportChoices().includes("sse")) {
      const before = this.#choice;
      this.#follow("sse");
      this.#choiceBefore = before;
    }
  }

  #cutSaid(atMs: number, mark: string, text: string): void {
    this.#ribbon.mark(atMs, mark);
    this.#story.cut(atMs, text);
    this.#draw();
  }

  /** Asks, past the wire, what the wire is like and how far the log is. */
  async #poll(): Promise<void> {
    const [line, newest] = await Promise.all([this.#control.line(this.#line.id), readLog(this.#config.numbersStream, "last:1", 1)]);
    const wasSilent = this.#isSilent;
    this.#isSilent = !line.ok && line.why === "silent";
    if (this.#isSilent !== wasSilent) {
      this.#story.say(Date.now(), "plain", this.#isSilent ? "The server does not answer, not even past the wire" : "The server answers again past the wire");
    }
    if (line.ok) this.#line = line.value;
    else if (line.why === "stale" || line.why === "absent") await this.#reopen();
    const data = newest.ok ? (newest.value.entries.at(-1)?.data as { readonly number?: number } | undefined) : undefined;
    this.#newest = data?.number ?? null;
  }

  /** The server restarted, or closed the line because this tab was silent for long. The port is asked for again: the client knows it. */
  async #reopen(): Promise<void> {
    const config = await readConfig();
    if (!config.ok) return;
    this.#control = new Control(config.value);
    const { port } = this.#line;
    const line = await this.#control.openLine(port);
    if (!line.ok) return;
    this.#line = line.value;
    this.#story.say(Date.now(), "plain", "The server is a new one: the wire was laid again");
    if (line.value.port === port) return;
    this.#follow(this.#choice);
    this.#plain.close();
    this.#plain = this.#newPlain();
    this.#plain.open();
  }

  /** Reads the log past the wire and compares. */
  async #compare(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    try {
      const from = this.#ledger.from;
      if (from === null) return;
      const count = this.#ledger.waiting;
      const positions: string[] = [];
      for (let after = from; ; ) {
        const page = await readLog(this.#config.numbersStream, after);
        if (!page.ok || this.#ledger.from !== from) return;
        positions.push(...page.value.entries.map(({ position }) => position));
        if (this.#ledger.compare(positions, !page.value.more, count)) break;
        after = page.value.next;
      }
      this.#comparedAtMs = Date.now();
    } finally {
      this.#comparing = false;
    }
  }

  #draw(): void {
    const nowMs = Date.now();
    this.#drawnMs = nowMs;
    const status = (this.#follower.status ?? nothing) as Seen;
    const behind = this.#newest === null || this.#number === null ? null : Math.max(0, this.#newest - this.#number);
    const line = this.#isSilent ? null : this.#line;
    this.#story.tick(nowMs);
    this.#status.draw({ nowMs, status, heardMs: this.#heardMs, behind, line, plain: this.#plain.facts });
    this.#cuts.draw(this.#line.cuts, !this.#isSilent);
    const { verdict, waiting } = this.#ledger;
    drawVerdict({ received: this.#received, verdict, waiting, comparedAtMs: this.#comparedAtMs, behind, isSilent: this.#isSilent });
    if (document.hidden) return;
    this.#ribbon.draw(nowMs);
    this.#charts.draw(nowMs, this.#ribbon.marks);
  }
}

/** What a cut has done, as the proxy says it. */
function cutText(name: CutName, connections: number): string {
  const all = counted(connections, "connection");
  switch (name) {
    case "black-hole":
      return `Black hole: ${all} forgotten, sockets left open`;
    case "unplug":
      return `Unplugged: ${all} and every new one`;
    case "reset":
      return `Reset: RST to both ends of ${all}`;
    case "buffer":
      return "A buffering hop: responses are held back from now on";
    case "pause":
      return "Paused";
    default:
      return name satisfies never;
  }
}

const nothing: Seen = { state: "offline", code: null, reason: "", transport: null, attempt: 0, retryAtMs: null, linkId: null };

/**
 * The top of the page: state, reason, proof of life, and what is known of the wire. It shows what it is told; the words are here.
 */
import type { LineFacts } from "./control.ts";
import type { Times } from "./cuts.ts";
import { byId, setText } from "./dom.ts";
import { bytes, counted, duration, seconds, whole } from "./format.ts";
import type { PlainFacts } from "./plain-socket.ts";
import { type Seen, transportName } from "./story.ts";

const words: Readonly<Record<Seen["state"], string>> = {
  live: "Live",
  "catching-up": "Catching up",
  stale: "Stale",
  offline: "Offline",
  denied: "Denied",
  closed: "Closed",
};

/** Everything that the top shows. */
export interface TopFacts {
  readonly nowMs: number;
  readonly status: Seen;
  readonly heardMs: number | null;
  /** Entries in the log that have not come; null while the log cannot be asked. */
  readonly behind: number | null;
  /** Null while the server does not answer on the unharmed path. */
  readonly line: LineFacts | null;
  readonly plain: PlainFacts;
}

/** A live link that has been quiet for so long is told as such; the numbered entries come more often. */
const quietMs = 2_000;

/** Why the state is what it is, in a sentence. It may not say more than the client can know. */
export function sentenceOf({ state, code, reason, transport }: Seen, isDialing: boolean, silentMs: number, times: Times): string {
  const because = reason === "" ? "" : `${reason[0]?.toUpperCase()}${reason.slice(1)}${code === null ? "" : ` (${code})`}.`;
  switch (state) {
    case "live":
      if (silentMs > quietMs)
        return `Quiet. The server promised a byte every ${duration(times.heartbeatMs)}; until that is overdue, silence is no reason for doubt.`;
      return `Bytes come by ${transportName(transport ?? "")}; all that was sent is here. ${reason === "" ? "" : `The transport before it is not used: ${reason}${code === null ? "" : ` (${code})`}.`}`.trimEnd();
    case "catching-up":
      return `The link works; entries that were missed are on their way. ${because}`.trimEnd();
    case "stale":
      return "No byte has come for longer than the server promised. The client has asked for proof of life and waits for the answer.";
    case "offline":
      return `${isDialing ? "No link; dialling." : "No link."} ${because}`.trimEnd();
    case "denied":
      return `The server said to stop. ${because}`.trimEnd();
    case "closed":
      return "Closed.";
    default:
      return state satisfies never;
  }
}

export class StatusView {
  readonly #times: Times;
  readonly #panel = byId("status");
  readonly #proof = this.#panel.querySelector(".proof") as HTMLElement;
  #announced = "";

  constructor(times: Times) {
    this.#times = times;
    // The gauge ends where a link is given up; in it, where the client begins to ask.
    const askPercent = `${(times.staleMs / times.noticedMs) * 100}%`;
    byId("mark").style.left = askPercent;
    byId("mark-text").style.left = askPercent;
    setText(byId("mark-text"), `asks ${duration(times.staleMs)}`);
    setText(byId("end-text"), `gives up ${duration(times.noticedMs)}`);
  }

  draw(facts: TopFacts): void {
    const { status, nowMs, heardMs, behind } = facts;
    const { state, transport, attempt, retryAtMs } = status;
    const isDialing = state === "offline" && retryAtMs === null && status.reason !== "nothing to carry";
    this.#panel.dataset["state"] = state;
    setText(byId("state"), words[state]);
    const ageMs = heardMs === null ? null : nowMs - heardMs;
    const sentence = sentenceOf(status, isDialing, ageMs ?? 0, this.#times);
    setText(byId("reason"), sentence);
    // Spoken once for each state, not for each number that changes.
    if (this.#announced !== state) {
      this.#announced = state;
      setText(byId("announcement"), `${words[state]}. ${sentence}`);
    }
    setText(byId("proof"), ageMs === null ? "–" : `${seconds(ageMs)} ago`);
    this.#proof.dataset["tone"] = this.#toneOf(ageMs ?? 0);
    byId("gauge").style.transform = `scaleX(${Math.min(1, (ageMs ?? 0) / this.#times.noticedMs).toFixed(4)})`;
    setText(byId("transport"), transport === null ? "none" : transportName(transport));
    setText(byId("behind"), behind === null ? "unknown" : counted(behind, "entry", "entries"));
    setText(byId("attempt"), state === "offline" ? whole(attempt + 1) : "–");
    setText(byId("dial"), retryAtMs === null ? (isDialing ? "now" : "–") : `in ${seconds(retryAtMs - nowMs)}`);
    drawWire(facts.line);
    drawPlain(facts);
  }

  #toneOf(ageMs: number): string {
    if (ageMs >= this.#times.noticedMs) return "bad";
    return ageMs >= this.#times.staleMs / 3 ? "doubt" : "good";
  }
}

/** The wire as the proxy sees it. */
function drawWire(line: LineFacts | null): void {
  const wire = byId("wire");
  const text = byId("wire-text");
  if (line === null) {
    wire.dataset["wire"] = "gone";
    setText(text, "The server does not answer, not even past the wire.");
    return;
  }
  const { cuts, connections, dark, swallowedBytes, heldBytes, port } = line;
  const open = `port ${port}, ${counted(connections, "connection")} open`;
  if (cuts.includes("unplug")) {
    wire.dataset["wire"] = "dark";
    setText(text, `Unplugged: ${open}, and nothing passes.`);
  } else if (dark > 0) {
    wire.dataset["wire"] = dark === connections ? "dark" : "whole";
    setText(text, `TCP ${open}, no error; ${dark === connections ? "all" : dark} dark, ${bytes(swallowedBytes)} swallowed.`);
  } else if (cuts.includes("buffer")) {
    wire.dataset["wire"] = "held";
    setText(text, `TCP ${open}; ${bytes(heldBytes)} of responses held back.`);
  } else {
    wire.dataset["wire"] = "whole";
    setText(text, `TCP ${open}; every byte passes.`);
  }
}

function drawPlain({ plain, nowMs }: TopFacts): void {
  setText(byId("plain-state"), plain.readyState);
  const age = plain.lastMs === null ? "No message yet" : `Last message ${seconds(nowMs - plain.lastMs)} ago`;
  const missed = plain.missed === 0 ? "nothing missed that it knows of" : `${whole(plain.missed)} entries missed for good`;
  const closes = plain.closes === 0 ? "It has never heard of a close." : `It heard of ${counted(plain.closes, "close")} and came back each time.`;
  setText(byId("plain-text"), `${age}, ${missed}. ${closes}`);
}

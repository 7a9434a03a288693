/**
 * The reader's rule of PROTOCOL.md, written down once more and as literally as can be: an oracle for the vectors, not a client.
 * It holds one subscription, up to two links, and says what it would do. It must not share code with the client.
 */
import { codes, comparePositions, fromBase64, isCode } from "../../src/index.ts";

export type LinkName = "old" | "new";
type From = unknown;
interface Message {
  readonly type: string;
  readonly [member: string]: unknown;
}
type Effect = Readonly<Record<string, unknown>>;

/** The subscribe that waits for its answer; `ordinal` -1 while a retry waits for its time. */
interface Waiting {
  readonly ordinal: number;
  readonly after: string | null;
}
interface Assembly {
  readonly position: string;
  readonly count: number;
}

export class ReaderModel {
  readonly #stream: string;
  /** The links that count for this stream; of two, the new one carries the subscription. */
  readonly #links = new Set<LinkName>(["old"]);
  readonly #assemblies = new Map<LinkName, Assembly>();
  #from: From = null;
  #subscribed = false;
  #waiting: Waiting | null = null;
  #cursor: string | null = null;
  #asked = 0;
  /** Whether asking again has brought nothing so far. */
  #fruitless = false;
  #effects: Effect[] = [];

  constructor(stream: string) {
    this.#stream = stream;
  }

  /** What happens, one step of a vector; returns what the client does. */
  step(step: Readonly<Record<string, unknown>>): readonly Effect[] {
    this.#effects = [];
    const on = (step["on"] ?? "old") as LinkName;
    if (step["app"] === "unsubscribe") this.#unsubscribe();
    else if (step["app"] !== undefined) this.#subscribe((step["app"] as { subscribe: From }).subscribe);
    else if (step["link"] === "lost") this.#links.delete(on);
    else if (step["link"] === "live") this.#live(on);
    else if (step["wait"] === "retry") this.#ask();
    else this.#take(on, step["server"] as Message);
    return this.#effects;
  }

  #do(effect: Effect): void {
    this.#effects.push(effect);
  }

  #ignore(m: Message): void {
    this.#do({ ignore: m.type });
  }

  #subscribe(from: From): void {
    this.#from = from;
    this.#cursor = typeof from === "object" && from !== null && "after" in from ? (from.after as string) : null;
    this.#subscribed = true;
    this.#ask();
  }

  #unsubscribe(): void {
    this.#subscribed = false;
    this.#do({ unsubscribe: true });
  }

  #live(on: LinkName): void {
    this.#links.add(on);
    this.#assemblies.delete(on);
    this.#fruitless = false;
    if (this.#subscribed) this.#ask();
  }

  /** The link that carries the subscription. */
  get #main(): LinkName {
    return this.#links.has("new") ? "new" : "old";
  }

  /** Asks from the cursor, or what the application asked while there is none. */
  #ask(): void {
    const from = this.#cursor === null ? this.#from : { after: this.#cursor };
    this.#asked++;
    this.#waiting = { ordinal: this.#asked, after: this.#cursor };
    this.#assemblies.delete(this.#main);
    this.#do(this.#main === "new" ? { subscribe: from, on: "new" } : { subscribe: from });
  }

  /** Something is missing: asks again, at once or after a while. An old link beside a new one is left when the hole is its own. */
  #hole(on: LinkName): void {
    if (on !== this.#main) this.#links.delete(on);
    if (this.#fruitless) {
      this.#waiting = { ordinal: -1, after: null };
      return;
    }
    this.#fruitless = true;
    this.#ask();
  }

  #take(on: LinkName, m: Message): void {
    const counts = this.#links.has(on) && this.#subscribed;
    if (m.type === "beat") this.#beat(on, m, counts);
    else if (!counts || m["stream"] !== this.#stream) this.#ignore(m);
    else if (on === this.#main && this.#waiting !== null) this.#answer(this.#waiting, m);
    else if (m.type === "part") this.#part(on, m);
    else if (m.type === "subscribed") this.#ignore(m);
    else if (m.type === "unsubscribed") this.#over(m, on === this.#main);
    else if (m.type === "entry" && !this.#isComplete(on, m)) this.#do({ fault: true });
    else this.#takeInOrder(on, m);
  }

  #takeInOrder(on: LinkName, m: Message): void {
    const follows = m.type === "entry" ? m["prev"] : m.type === "gap" ? m["from"] : m["position"];
    if (follows === this.#cursor) this.#advance(m);
    else if (m.type === "entry" && this.#isKnown(m["position"] as string)) this.#do({ duplicate: m["position"] });
    else {
      this.#hole(on);
      return;
    }
    this.#meet(on, (m.type === "gap" ? m["after"] : m["position"]) as string);
  }

  /** The new link has brought what leads to the cursor: the old one is not needed any more. */
  #meet(on: LinkName, position: string): void {
    if (on === "new" && position === this.#cursor) this.#links.delete("old");
  }

  #isKnown(position: string): boolean {
    const order = comparePositions(position, this.#cursor as string);
    return order !== null && order <= 0;
  }

  #advance(m: Message): void {
    this.#fruitless = false;
    if (m.type === "closed") {
      this.#subscribed = false;
      this.#do({ ended: m["position"] });
    } else if (m.type === "gap") {
      this.#cursor = m["after"] as string;
      this.#do({ gap: { reason: m["reason"], from: m["from"], after: m["after"] } });
    } else {
      this.#cursor = m["position"] as string;
      this.#do({ deliver: m["position"] });
    }
  }

  #answer({ ordinal, after }: Waiting, m: Message): void {
    if (m["id"] !== `$${ordinal}`) this.#ignore(m);
    else if (m.type === "unsubscribed") this.#over(m, true);
    else if (after !== null && after !== m["position"]) this.#do({ fault: true });
    else {
      this.#waiting = null;
      this.#cursor ??= m["position"] as string;
      this.#meet(this.#main, m["position"] as string);
    }
  }

  #over(m: Message, main: boolean): void {
    const { code } = m;
    // Without a code it answers an unsubscribe; this subscription began after it.
    if (code === undefined || !main) this.#ignore(m);
    else if (isCode(code) && codes[code].retry === "stop") {
      this.#subscribed = false;
      this.#do({ refused: code });
    } else this.#waiting = { ordinal: -1, after: null };
  }

  #part(on: LinkName, m: Message): void {
    const { position, index, base64 } = m as unknown as { position: string; index: number; base64: string };
    const before = this.#assemblies.get(on);
    const fits = index === 0 ? before === undefined : before?.position === position && before.count === index;
    if (fits && fromBase64(base64) !== null) this.#assemblies.set(on, { position, count: index + 1 });
    else this.#do({ fault: true });
  }

  /** Whether the parts before an entry are those that it speaks of: all of them, and no others. */
  #isComplete(on: LinkName, m: Message): boolean {
    const assembly = this.#assemblies.get(on);
    this.#assemblies.delete(on);
    return (assembly?.count ?? 0) === (m["parts"] ?? 0) && (assembly === undefined || assembly.position === m["position"]);
  }

  #beat(on: LinkName, m: Message, counts: boolean): void {
    const sent = (m["streams"] as Record<string, { sent: string }> | undefined)?.[this.#stream]?.sent;
    if (sent === undefined) return;
    // While two links bring entries, the cursor is not that of either.
    if (!counts || this.#links.size > 1 || this.#waiting !== null) this.#ignore(m);
    else if (sent !== this.#cursor) this.#hole(on);
  }
}

/**
 * What both ends of the path know together: asks the agent at the application's place on ways that show what the hops between do. It measures only
 * where an agent answers, and leaves no connection behind.
 */
import { type BackendFact, type DeadlineFact, type Known, known, type OriginFacts, unknown } from "../facts.ts";
import { type EndedSaid, endedOf, type HelloSaid, helloOf } from "../probes/agent-words.ts";
import { judgeBackend } from "../probes/backend.ts";
import { errorPageProduct } from "../probes/error-page.ts";
import { type Exchanged, exchange } from "./http1.ts";
import type { Line } from "./line.ts";
import type { OriginContext } from "./origin-context.ts";
import { seeStreams } from "./origin-streams.ts";
import { seeUpgrade } from "./origin-upgrade.ts";

/** One after the other: as many as show whether a hop keeps its connection to the application. */
const requests = 6;
const answerBytesMax = 65_536;
/** How much earlier than its answer came a deadline may have passed: the way here, and a timer that is looked at now and then. */
const slackMs = 250;
/** A deadline that is nearer than this to the end of the examination is not waited for. */
const holdMsMin = 1_000;

/** Never rejects; `maxMs` bounds how long an answer is held back. */
export async function seeOrigin(context: OriginContext, maxMs: number): Promise<OriginFacts> {
  const [backend, upgrade, streams, deadline] = await Promise.all([
    attempt(() => seeBackend(context)),
    attempt(() => seeUpgrade(context)),
    attempt(() => seeStreams(context)),
    attempt(() => seeDeadline(context, maxMs)),
  ]);
  return { backend, upgrade, streams, deadline };
}

async function attempt<T>(run: () => Promise<T>): Promise<Known<T>> {
  try {
    return known(await run());
  } catch (thrown) {
    return unknown(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));
  }
}

async function seeBackend(context: OriginContext): Promise<BackendFact> {
  const asking = new Asking(context);
  try {
    const hellos: HelloSaid[] = [];
    for (let i = 0; i < requests; i++) {
      const hello = helloOf(await asking.ask("hello"));
      if (hello === null) throw new Error("what answers is no agent");
      hellos.push(hello);
    }
    const before = [...new Set(hellos.map(({ connId }) => connId))].slice(0, -1);
    const ended: EndedSaid[] = [];
    for (const id of before) ended.push(endedOf(await asking.ask(`ended?id=${encodeURIComponent(id)}`)));
    return judgeBackend(hellos, ended);
  } finally {
    asking.close();
  }
}

/** Asks one thing after the other, on one connection while that is kept. */
class Asking {
  readonly #context: OriginContext;
  #line: Line | null = null;

  constructor(context: OriginContext) {
    this.#context = context;
  }

  async ask(name: string): Promise<unknown> {
    if (this.#line === null || this.#line.end !== null) this.#line = await this.#context.dialler.dial({ alpn: ["http/1.1"] });
    const answer = await send(this.#context, this.#line, name, this.#context.waitMs);
    if (answer.is !== "answered") throw new Error(`no answer to ${name}`);
    if (answer.head.status !== 200) throw new Error(`status ${answer.head.status} for ${name}`);
    // A connection that the hop closes after its answer may not have told so yet.
    if (/close/i.test(answer.head.headers["connection"] ?? "")) this.close();
    return JSON.parse(Buffer.from(answer.body, "latin1").toString("utf8"));
  }

  close(): void {
    this.#line?.close();
    this.#line = null;
  }
}

const send = ({ request, prefix, clock }: OriginContext, line: Line, name: string, waitMs: number): Promise<Exchanged> =>
  exchange(line, { ...request, method: "GET", path: `${prefix}/${name}` }, { waitMs, bodyBytesMax: answerBytesMax, keepBytesMax: answerBytesMax }, clock);

/** One answer, held back for as long as there is time: whoever gives it up says so by then. */
async function seeDeadline(context: OriginContext, maxMs: number): Promise<DeadlineFact> {
  const { dialler, clock, waitMs } = context;
  const holdMs = Math.floor(maxMs - waitMs);
  if (holdMs < holdMsMin) throw new Error("the time was too short");
  const line = await dialler.dial({ alpn: ["http/1.1"] });
  try {
    const startMs = clock.monoMs();
    const answer = await send(context, line, `hold?ms=${holdMs}`, holdMs + waitMs);
    const tookMs = Math.round(clock.monoMs() - startMs);
    const given = (status: number | null, product: string | null): DeadlineFact => ({
      atLeastMs: Math.max(0, tookMs - slackMs),
      atMostMs: tookMs,
      status,
      product,
    });
    if (answer.is === "answered" && answer.head.status === 200) return { atLeastMs: holdMs, atMostMs: null, status: null, product: null };
    if (answer.is === "answered") return given(answer.head.status, errorPageProduct(answer.head, answer.body));
    if (answer.is === "ended") return given(null, null);
    throw new Error("the answer did not come, and nobody said why");
  } finally {
    line.close();
  }
}

/**
 * Asks the agent at the origin, where there is one: what arrives at the application, and how connections ended there.
 */
import type { Clock } from "@holdfast/protocol";
import type { HelperFact, IdleFact } from "../facts.ts";
import { type EndedSaid, endedOf, type HelloSaid, helloOf } from "../probes/agent-words.ts";
import { whoEnded } from "../probes/who-ended.ts";
import type { Dialler } from "./dial.ts";
import { exchange, type RequestHead } from "./http1.ts";
import type { Line } from "./line.ts";

/** Answers of the agent are short. */
const helloBytesMax = 65_536;
/** Requests over one connection, to see how many connections of the application they came to. */
const hellos = 4;
/** Ends that are asked about, of one transport. */
const endedMax = 8;

interface Context {
  readonly dialler: Dialler;
  readonly clock: Clock;
  readonly request: RequestHead;
  readonly prefix: string;
  readonly waitMs: number;
}

/** Rejects where no agent answers. */
export async function findAgent(context: Context): Promise<HelperFact> {
  const answers: HelloSaid[] = [];
  const names = Array.from({ length: hellos }, () => "hello");
  for await (const answer of ask(context, names)) {
    const hello = helloOf(answer);
    if (hello === null) throw new Error("no agent answers at the origin");
    answers.push(hello);
  }
  const [hello] = answers as [HelloSaid, ...HelloSaid[]];
  const { agent, server, headers, httpVersion } = hello;
  return { kind: "agent", version: agent, server, headers, httpVersion, connections: [...new Set(answers.map(({ connId }) => connId))] };
}

/** Who ended connections of these ids. Null where the agent does not know either. */
export async function askWhoEnded(context: Context, connIds: readonly string[], how: NonNullable<IdleFact["how"]>): Promise<IdleFact["by"]> {
  const told: EndedSaid[] = [];
  try {
    const names = connIds.slice(0, endedMax).map((id) => `ended?id=${encodeURIComponent(id)}`);
    for await (const answer of ask(context, names)) told.push(endedOf(answer));
  } catch {
    // It ended with the path, or was never there.
  }
  return whoEnded(told, how);
}

/** Asks one after the other on one connection while it is kept, else on the next. */
async function* ask({ dialler, clock, request, prefix, waitMs }: Context, names: readonly string[]): AsyncGenerator<unknown> {
  let line: Line | null = null;
  try {
    for (const name of names) {
      if (line === null || line.end !== null) line = await dialler.dial({ alpn: ["http/1.1"] });
      const limits = { waitMs, bodyBytesMax: helloBytesMax, keepBytesMax: helloBytesMax };
      const answer = await exchange(line, { ...request, method: "GET", path: `${prefix}/${name}` }, limits, clock);
      if (answer.is !== "answered" || answer.head.status !== 200) throw new Error(answer.is === "answered" ? `status ${answer.head.status}` : "no answer");
      if (!/json/i.test(answer.head.headers["content-type"] ?? "")) throw new Error("the answer is no JSON");
      yield JSON.parse(Buffer.from(answer.body, "latin1").toString("utf8"));
    }
  } finally {
    line?.close();
  }
}

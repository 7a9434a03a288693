/**
 * What becomes of requests around the last answer of a connection, for clients that talk to an origin directly: one that waits for each
 * answer, and one that pipelines. Neither closes a connection itself, so that it is seen who does.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { AnswerReader } from "./answers.ts";

export interface LastAnswerSettings {
  readonly port: number;
  /** Requests sent before the first of their answers is waited for. 1: no pipelining. */
  readonly depth: number;
  readonly connections: number;
  /** Requests that the origin answers on one connection. */
  readonly perConnection: number;
}

export interface LastAnswerResult {
  readonly sent: number;
  readonly answered: number;
  /** Answered with an error although nothing was wrong with the request. */
  readonly refused: number;
  /** Not answered, after an answer that said `Connection: close`: the client knows that they were not handled, and sends them again. */
  readonly announced: number;
  /** Not answered, and the client can not know whether they were handled. */
  readonly lost: number;
  /** Connections that were still open a second after the answer that said they would not be. */
  readonly leftOpen: number;
}

const answerMsMax = 5_000;
const endMs = 1_000;
const request = "POST / HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 3\r\n\r\nx=1";

interface Seen {
  statuses: number[];
  /** How many answers had come when one of them said `Connection: close`; 0: none did. */
  closedAt: number;
  ended: boolean;
}

function watch(socket: Socket): Seen {
  const seen: Seen = { statuses: [], closedAt: 0, ended: false };
  const reader = new AnswerReader();
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    for (const { status, isLast } of reader.read(text)) {
      seen.statuses.push(status);
      if (seen.closedAt === 0 && isLast) seen.closedAt = seen.statuses.length;
    }
  });
  socket.on("error", () => undefined);
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      seen.ended = true;
    });
  }
  return seen;
}

async function until(fact: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact() && performance.now() < deadline) await sleep(1);
}

/** One connection, used until it is said or seen to be over. */
async function useOne({ port, depth, perConnection }: LastAnswerSettings): Promise<LastAnswerResult> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const seen = watch(socket);
  let sent = 0;
  while (seen.closedAt === 0 && !seen.ended && sent < perConnection + depth) {
    socket.write(request.repeat(depth));
    sent += depth;
    await until(() => seen.statuses.length >= sent || seen.closedAt > 0 || seen.ended, answerMsMax);
  }
  await until(() => seen.ended, endMs);
  const leftOpen = seen.ended ? 0 : 1;
  socket.destroy();
  const answered = seen.statuses.filter((status) => status === 200).length;
  const missing = sent - seen.statuses.length;
  const isAnnounced = seen.closedAt > 0;
  return { sent, answered, refused: seen.statuses.length - answered, announced: isAnnounced ? missing : 0, lost: isAnnounced ? 0 : missing, leftOpen };
}

/** Uses `connections` of them at the same time and adds up. */
export async function runLastAnswers(settings: LastAnswerSettings): Promise<LastAnswerResult> {
  const sum = { sent: 0, answered: 0, refused: 0, announced: 0, lost: 0, leftOpen: 0 };
  const all = await Promise.all(Array.from({ length: settings.connections }, () => useOne(settings)));
  for (const one of all) for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += one[key];
  return sum;
}

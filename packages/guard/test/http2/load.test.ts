/** Clients that behave: nothing of what guards a session may cost them a request, and a drain in the midst of their load neither. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type ClientHttp2Session, connect } from "node:http2";
import { test } from "node:test";
import { promisify } from "node:util";
import { eventually, type GuardedServer, type GuardedServerOptions, guardedServer } from "../support/h2-server.ts";

const run = promisify(execFile);

test("h2load's 5,000 requests over 10 connections with 50 streams each all succeed", async (t) => {
  const guarded = await guardedServer();
  t.after(() => guarded.close());
  const url = `http://127.0.0.1:${guarded.port}/`;
  const { stdout } = await run("h2load", ["-n", "5000", "-c", "10", "-m", "50", url], { timeout: 50_000 });
  assert.match(stdout, /5000 succeeded, 0 failed, 0 errored, 0 timeout/);
  assert.equal(guarded.handled(), 5_000);
  assert.deepEqual(guarded.counters.ended, {});
  assert.equal(guarded.counters.resets, 0);
});

interface Outcome {
  served: number;
  /** Never begun, some never sent: a client may send them again, whatever they are (RFC 9113, section 8.7). */
  refused: number;
  failed: string[];
}

/** A client that leaves a session when it is told to go, and sends again what was not begun. */
class HonestClient {
  readonly outcome: Outcome = { served: 0, refused: 0, failed: [] };
  readonly #ports: number[];
  #session: ClientHttp2Session | null = null;
  /** Every session so far, so that a test can close them. */
  readonly sessions: ClientHttp2Session[] = [];

  /** The first of `ports` is asked until it says goodbye, then the next. */
  constructor(ports: readonly number[]) {
    this.#ports = [...ports];
  }

  async keepAsking(requests: number): Promise<void> {
    for (let i = 0; i < requests; i++) while (!(await this.#ask())) this.outcome.refused++;
  }

  #live(): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(`http://127.0.0.1:${this.#ports[0]}`);
    session.once("goaway", () => {
      if (this.#session === session) this.#ports.shift();
      this.#session = null;
    });
    session.on("error", (error) => this.outcome.failed.push(error.message));
    this.#session = session;
    this.sessions.push(session);
    return session;
  }

  /** False when the request was refused before it was begun. */
  #ask(): Promise<boolean> {
    return new Promise((resolve) => {
      const stream = this.#live().request({ ":method": "POST", ":path": "/" });
      let body = "";
      let error = "";
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        body += text;
      });
      stream.on("error", ({ message }) => {
        error = message;
      });
      stream.on("close", () => {
        const wasRefused = error.includes("REFUSED_STREAM");
        if (body === "ok" && error === "") this.outcome.served++;
        else if (!wasRefused) this.outcome.failed.push(error || `the answer was ${JSON.stringify(body)}`);
        resolve(!wasRefused);
      });
      stream.end("body");
    });
  }
}

/** Load on one node, which is drained in the midst of it while another is there. */
async function drainUnderLoad(leaving: GuardedServer, staying: GuardedServer): Promise<Outcome[]> {
  const clients = Array.from({ length: 4 }, () => new HonestClient([leaving.port, staying.port]));
  const load = Promise.all(clients.flatMap((client) => Array.from({ length: 10 }, () => client.keepAsking(60))));
  assert.ok(await eventually(() => leaving.handled() >= 400));
  for (const { part } of leaving.accepted) part.drain("draining");
  await load;
  assert.ok(await eventually(() => leaving.accepted.every(({ closed }) => closed)));
  for (const { sessions } of clients) for (const session of sessions) session.destroy();
  return clients.map(({ outcome }) => outcome);
}

const answersLater: GuardedServerOptions = {
  onStream: (stream) => {
    setTimeout(() => {
      stream.respond({ ":status": 200 });
      stream.end("ok");
    }, 5);
  },
};

for (const inTwo of [true, false]) {
  test(`a drain under load, GOAWAY in ${inTwo ? "two steps" : "one step"}, loses no request and has none handled twice`, async (t) => {
    const [leaving, staying] = [await guardedServer({ ...answersLater, inTwo }), await guardedServer(answersLater)];
    t.after(() => Promise.all([leaving.close(), staying.close()]));
    const outcomes = await drainUnderLoad(leaving, staying);
    assert.deepEqual(
      outcomes.flatMap(({ failed }) => failed),
      [],
    );
    assert.equal(
      outcomes.reduce((sum, { served }) => sum + served, 0),
      2_400,
    );
    assert.ok(staying.handled() > 0);
    assert.equal(leaving.handled() + staying.handled(), 2_400);
    assert.deepEqual(Object.keys(leaving.counters.ended), ["draining"]);
  });
}

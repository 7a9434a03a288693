/**
 * Clients of gRPC that share no code with ours: Python's grpcio, with stubs made from the shipped .proto, and grpc-js. They follow through
 * kills and gaps, publish once what they send often, and are told of drains; keepalives as recommended cost nothing, floods are told so.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { connect } from "@holdfast/client/node";
import { decodeMessage, encodeMessage, type Message, type Schema } from "@holdfast/protocol/grpc";
import { createServer, type HoldfastServer, nodeEnv, type ServerParts } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { freePort } from "../bench/lib/listening.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { until } from "./support/processes.ts";
import { type PythonGrpc, pythonGrpc } from "./support/python-grpc.ts";
import { serve } from "./support/serve.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

async function started(t: TestContext, parts: Partial<ServerParts> = {}): Promise<{ readonly server: HoldfastServer; readonly target: string }> {
  const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, heartbeatMs: 1_000, drainMs: 1_500 }, ...parts });
  const { port } = await server.listen();
  t.after(() => server.close());
  return { server, target: `127.0.0.1:${port}` };
}

const append = async (server: HoldfastServer, stream: string, value: unknown): Promise<void> => {
  assert.ok((await server.hub.append({ stream, entries: [{ format: "json", payload: json(value) }] })).ok);
};

describe("Python's grpcio and line.proto", { skip: needs("pythonGrpc", "protoc"), concurrency: 3 }, () => {
  let python: PythonGrpc;
  before(() => {
    python = pythonGrpc();
  });
  after(() => python[Symbol.dispose]());

  it("follow and publish across kills of the server: each entry once, in order", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-grpc-"));
    const port = await freePort();
    const flags = ["--port", String(port), "--data", join(folder, "log.db"), "--heartbeat-ms", "1000"];
    const count = 160;
    const published = 60;
    let server = await serve(flags);
    const publisher = connect(server.url, { backoffBaseMs: 50, backoffCapMs: 200 });
    const follower = python.run("follow", `127.0.0.1:${port}`, "foreign/a", String(count - 1));
    const producing = python.run("publish", `127.0.0.1:${port}`, "foreign/b", String(published));
    try {
      for (let n = 0; n < count; n++) {
        const done = publisher.publish("foreign/a", n);
        if (n % 80 === 40) {
          await server.kill("SIGKILL");
          server = await serve(flags);
        }
        await done;
      }
      assert.equal(await follower.ended, 0);
      assert.equal(await producing.ended, 0);
      const calls = follower.said.pop() as [string, number];
      assert.deepEqual(
        follower.said.map(([, value]) => value),
        numbers(count),
      );
      const history = (await (await fetch(`${server.url}/v1/streams/foreign/b?limit=1000`)).json()) as { entries: { position: string; data: number }[] };
      assert.deepEqual(
        history.entries.map(({ position, data }) => [position, data]),
        producing.said,
      );
      assert.equal(history.entries.length, published);
      t.diagnostic(`${count} entries in ${calls[1]} calls, ${published} published twice each, across 2 kills`);
    } finally {
      await publisher.close({ drainMs: 0 });
      await server.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("are told of a gap, and go on", async (t) => {
    const engine = memoryEngine({ env: nodeEnv, policies: [], options: { retentionEntriesMax: 5, retentionPassMs: 1 } });
    const { server, target } = await started(t, { engine });
    // Nobody has read the stream before: what has been read lately is still held for those who come back.
    for (const n of numbers(40)) await append(server, "trimmed", n);
    const oldest = async (): Promise<string> => ((await (await fetch(`http://${target}/v1/streams/trimmed`)).json()) as { first: string }).first;
    await until("the oldest are gone", async () => (await oldest()) !== "0", 15_000);
    const follower = python.run("follow", target, "trimmed", "39", "0");
    assert.equal(await follower.ended, 0);
    assert.deepEqual(follower.said[0], ["gap", "trimmed"]);
    assert.equal(follower.said.at(-2)?.[1], 39);
  });

  it("are told of a drain, before it and at its end, and by the health service", async (t) => {
    const { server, target } = await started(t);
    const call = python.run("once", target, "left", "now");
    const health = python.run("health", target);
    await until("both are there", async () => call.said.length >= 2 && health.said.length > 0, 15_000);
    assert.deepEqual(health.said, [["SERVING"]]);
    await server.close();
    await Promise.all([call.ended, health.ended]);
    assert.deepEqual(health.said, [["SERVING"], ["NOT_SERVING"], ["UNAVAILABLE"]]);
    const said = call.said.filter(([kind]) => kind !== "beat");
    assert.deepEqual(said, [
      ["welcome", null],
      ["subscribed", null],
      ["goaway", "draining"],
      ["end", "UNAVAILABLE", "draining"],
    ]);
  });

  it("are let in by their token, and told why not", async (t) => {
    const auth: NonNullable<ServerParts["auth"]> = ({ action, credentials }) => action !== "connect" || (credentials.token === "good" && { subject: "python" });
    const { server, target } = await started(t, { auth });
    const none = python.run("once", target, "a", "now");
    assert.equal(await none.ended, 0);
    assert.deepEqual(none.said, [["end", "UNAUTHENTICATED", "unauthenticated"]]);
    const good = python.run("once", target, "a", "now", "good");
    await until("it is let in", async () => good.said.length > 0, 15_000);
    assert.deepEqual(good.said[0], ["welcome", null]);
    assert.equal(server.stats().linksByTransport["grpc"], 1);
    good.child.kill("SIGKILL");
  });

  it("keep a channel without calls alive by PING, at a tenth of the time that is recommended, and are never told too_many_pings", async (t) => {
    const ended: string[] = [];
    const { server, target } = await started(t, { connectionEvents: { ended: (_row, { code }) => void ended.push(code) } });
    const idle = python.run("idle", target, "1000", "3.5");
    assert.equal(await idle.ended, 0);
    const [status, states] = idle.said[0] as [number, string[]];
    assert.equal(status, 1);
    assert.equal(states.filter((state) => state === "READY").length, 1, "one connection served the call before and after the silence");
    assert.ok(server.guard.counters.http2.pings >= 2, `${server.guard.counters.http2.pings} PINGs`);
    assert.ok(!ended.includes("ping_flood"));
  });
});

const ReflectionRequest = { file: { no: 4, kind: "string", presence: "r" }, list: { no: 7, kind: "string", presence: "r" } } as const satisfies Schema;
const Names = { service: { no: 1, kind: { name: { no: 1, kind: "string" } }, repeated: true } } as const satisfies Schema;
const ReflectionResponse = {
  files: { no: 4, kind: { file: { no: 1, kind: "bytes", repeated: true } }, presence: "r" },
  services: { no: 6, kind: Names, presence: "r" },
  error: { no: 7, kind: { code: { no: 1, kind: "number" } }, presence: "r" },
} as const satisfies Schema;

describe("grpc-js", () => {
  const serializing = (schema: Schema) => (message: Message) => Buffer.from(encodeMessage(schema, message));
  const parsing = (schema: Schema) => (bytes: Buffer) => decodeMessage(schema, bytes) as Message;
  const callOf = (client: grpc.Client, path: string, ask: Schema, answer: Schema) => client.makeBidiStreamRequest(path, serializing(ask), parsing(answer));
  const Status = { status: { no: 1, kind: "number" } } as const satisfies Schema;
  const check = (client: grpc.Client): Promise<number> =>
    new Promise((resolve) => {
      client.makeUnaryRequest("/grpc.health.v1.Health/Check", serializing({}), parsing(Status), {}, (error, value) => {
        resolve(error === null ? ((value as Message | undefined)?.["status"] as number) : -error.code);
      });
    });
  const opened = (t: TestContext, target: string, options: grpc.ClientOptions = {}): grpc.Client => {
    const client = new grpc.Client(target, grpc.credentials.createInsecure(), options);
    t.after(() => client.close());
    return client;
  };

  it("is told by reflection what the server speaks, under both names of the service", async (t) => {
    const { target } = await started(t);
    const client = opened(t, target);
    for (const version of ["v1", "v1alpha"]) {
      const call = callOf(client, `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, ReflectionRequest, ReflectionResponse);
      const answers: Message[] = [];
      const ended = new Promise<number>((resolve) => call.on("status", ({ code }) => resolve(code)));
      call.on("data", (answer: Message) => answers.push(answer));
      call.write({ list: "" });
      for (const file of ["holdfast.v1.Line", "holdfast.v1.Line.Subscribe", "holdfast.v1.Entry", "grpc.health.v1.Health", "no.such.Thing"])
        call.write({ file });
      call.end();
      assert.equal(await ended, grpc.status.OK);
      const names = ((answers[0] as Message)["services"] as { service: { name: string }[] }).service.map(({ name }) => name);
      assert.deepEqual(names, ["holdfast.v1.Line", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]);
      const found = answers.slice(1, 5).map((answer) => Buffer.from((answer["files"] as { file: Uint8Array[] }).file[0] as Uint8Array).toString("latin1"));
      for (const [i, name] of ["holdfast/v1/line.proto", "holdfast/v1/line.proto", "holdfast/v1/line.proto", "grpc/health/v1/health.proto"].entries()) {
        assert.ok(found[i]?.includes(name), name);
      }
      assert.equal(((answers[5] as Message)["error"] as { code: number }).code, grpc.status.NOT_FOUND);
    }
  });

  it("is not ended for a keepalive, with calls and without, and told too_many_pings for a flood of them", async (t) => {
    const ended: string[] = [];
    const { server, target } = await started(t, {
      connectionEvents: { ended: (_row, { code }) => void ended.push(code) },
      listener: { http2: { pingsMax: 20 } },
    });
    const calm = opened(t, target, { "grpc.keepalive_time_ms": 1_000, "grpc.keepalive_permit_without_calls": 1, "grpc.use_local_subchannel_pool": 1 });
    assert.equal(await check(calm), 1);
    await until("it has pinged", async () => server.guard.counters.http2.pings >= 3, 15_000);
    assert.equal(await check(calm), 1);
    assert.equal(ended.length, 0);
    const keen = opened(t, target, { "grpc.keepalive_time_ms": 20, "grpc.keepalive_permit_without_calls": 1, "grpc.use_local_subchannel_pool": 1 });
    assert.equal(await check(keen), 1);
    await until("the flood is ended", async () => ended.includes("ping_flood"), 15_000);
    assert.equal(await check(keen), 1);
    assert.equal(await check(calm), 1);
  });
});

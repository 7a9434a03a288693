// The doctor's agent where others stand too: behind a guard, on `holdfast serve`, and as a command of its own.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type AgentHello, attachAgent } from "@holdfast/doctor/agent";
import { guard } from "@holdfast/guard";
import { WebSocket } from "ws";
import { startAgent } from "./support/doctor.ts";
import { serve } from "./support/serve.ts";

const prefix = "/.holdfast/doctor";
const main = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holdfast-doctor-agent-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const hello = async (url: string, init: RequestInit = {}): Promise<AgentHello> => (await fetch(`${url}${prefix}/hello`, init)).json() as Promise<AgentHello>;

async function upgraded(url: string): Promise<string> {
  const ws = new WebSocket(`${url.replace("http", "ws")}${prefix}/socket`);
  const [data] = (await once(ws, "message")) as [Buffer];
  ws.terminate();
  return (JSON.parse(String(data)) as { is: string }).is;
}

describe("behind a guard", { concurrency: true }, () => {
  for (const order of ["before", "after"]) {
    test(`it is answered and its connections are guarded, attached ${order} the guard`, async () => {
      const server = createServer((_, response) => response.end("the application"));
      const given = { headersMs: 300, requestMs: 600, keepAliveMs: 60_000, stallMs: 500 };
      const early = order === "before" ? attachAgent(server) : null;
      const guarded = guard(server, given);
      const agent = early ?? attachAgent(server);
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        assert.equal((await hello(url)).agent, 1);
        assert.equal(await (await fetch(url)).text(), "the application");
        assert.equal(await upgraded(url), "hello");
        // Longer than a guard gives those whose request it has not seen.
        const held = await fetch(`${url}${prefix}/hold?ms=1500`);
        assert.equal(held.status, 200);
        assert.equal(((await held.json()) as { heldMs: number }).heldMs, 1_500);
        assert.equal(
          guarded.connections().every(({ requests }) => requests > 0),
          true,
        );
      } finally {
        agent.close();
        await guarded.drain({ drainMs: 500 });
        guarded.release();
      }
    });
  }
});

describe("on `holdfast serve`", { concurrency: true }, () => {
  const flags = ["--port", "0", "--engine", "memory", "--no-page"];

  test("it is not there unless asked for", async () => {
    const server = await serve(flags);
    try {
      assert.equal((await fetch(`${server.url}${prefix}/hello`)).status, 404);
    } finally {
      await server.kill("SIGKILL");
    }
  });

  test("it answers over HTTP/1.1 and HTTP/2 beside the server, with the token of the file", async () => {
    const token = "token-of-the-agent-0";
    const file = join(folder, "token");
    writeFileSync(file, `${token}\n`);
    const server = await serve([...flags, "--doctor-agent", "--doctor-token-file", file]);
    try {
      assert.equal((await fetch(`${server.url}${prefix}/hello`)).status, 401);
      assert.equal((await hello(server.url, { headers: { authorization: `Bearer ${token}` } })).httpVersion, "1.1");
      assert.equal((await fetch(`${server.url}/v1/streams`)).status, 200);
      const session = connectHttp2(server.url);
      const stream = session.request({ ":path": `${prefix}/hello?token=${token}` });
      let text = "";
      for await (const chunk of stream.setEncoding("utf8")) text += chunk;
      session.destroy();
      assert.equal((JSON.parse(text) as AgentHello).httpVersion, "2.0");
    } finally {
      await server.kill("SIGTERM");
    }
  });
});

/** The end of a process that is expected to end by itself. */
async function ended(words: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child: ChildProcess = spawn(process.execPath, ["--conditions=source", main, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}

describe("`holdfast doctor agent`", { concurrency: true }, () => {
  test("answers everything, keeps connections for as long as it was told, and ends by SIGTERM with a stream open", async () => {
    const agent = await startAgent(["--keep-alive-ms", "7000"]);
    const said = await hello(agent.url);
    assert.equal(said.server.keepAliveMs, 7_000);
    assert.equal((await fetch(`${agent.url}/healthz`)).status, 200);
    const response = await new Promise<IncomingMessage>((resolve) => get(`${agent.url}${prefix}/events?silentAfter=0`, resolve));
    await once(response, "data");
    response.resume().on("error", () => {});
    assert.deepEqual(await agent.stop(), { code: 0, signal: null });
  });

  test("says with which codes it refuses what its token does not open", async () => {
    const agent = await startAgent([], { HOLDFAST_TOKEN: "another-token-for-it" });
    try {
      assert.equal((await fetch(`${agent.url}${prefix}/hello`)).status, 401);
      assert.equal((await hello(agent.url, { headers: { authorization: "Bearer another-token-for-it" } })).agent, 1);
    } finally {
      await agent.stop();
    }
  });

  test("refuses to stand open beyond this machine, and so does serve", async () => {
    const [own, short, served, lone] = await Promise.all([
      ended(["doctor", "agent", "--host", "0.0.0.0", "--port", "0"]),
      ended(["doctor", "agent", "--port", "0", "--token", "short"]),
      ended([
        "serve",
        "--port",
        "0",
        "--engine",
        "memory",
        "--no-page",
        "--host",
        "0.0.0.0",
        "--hosts",
        "a.test",
        "--origins",
        "none",
        "--auth",
        "anonymous",
        "--doctor-agent",
      ]),
      ended(["serve", "--port", "0", "--engine", "memory", "--doctor-token-file", "x"]),
    ]);
    assert.equal(own.code, 2);
    assert.match(own.stderr, /token/);
    assert.equal(short.code, 2);
    assert.match(short.stderr, /at least 16/);
    assert.equal(served.code, 2);
    assert.match(served.stderr, /doctorTokenFile/);
    assert.equal(lone.code, 2);
  });
});

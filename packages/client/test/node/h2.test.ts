/** The h2 transport on real sockets: what it reports of a server that refuses, breaks off, leaves, lies or is silent. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { h2Transport, Sessions } from "@holdfast/client/node";
import type { Conn } from "../../src/transport.ts";

const type = "application/vnd.holdfast.v1";

function framed(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

interface Dialled {
  readonly conn: Conn;
  /** What was reported, as text. */
  readonly told: string[];
  readonly sessions: Sessions;
  /** Another link to the same server, of the same sessions. */
  dial(): Conn;
  /** Sessions that the server has seen. */
  seen(): number;
}

/** A server that answers each stream by `serve`, and a link to it. */
async function dialled(t: TestContext, serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): Promise<Dialled> {
  const server = createServer();
  const open = new Set<{ destroy(): void }>();
  server.on("session", (session) => open.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {});
    serve(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sessions = new Sessions();
  t.after(() => {
    sessions.close();
    for (const session of open) session.destroy();
    server.close();
  });
  const told: string[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/v1/`;
  const dial = (): Conn => {
    const conn = h2Transport(sessions).dial(
      { url, subprotocol: "holdfast.v1" },
      {
        onOpen: () => {
          told.push("open");
          conn.send('{"type":"hello","é":1}');
        },
        onText: (text, isProof = true) => told.push(`${isProof ? "text" : "told"} ${text}`),
        onActivity: () => told.at(-1) !== "activity" && told.push("activity"),
        onClose: ({ closeCode, reason }) => told.push(`close ${closeCode} ${reason}`.trim()),
        onError: (code, message) => told.push(`error ${code} ${message}`),
        asks: () => [],
      },
    );
    return conn;
  };
  return { conn: dial(), told, sessions, dial, seen: () => open.size };
}

async function until(what: string, fact: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!fact()) {
    assert.ok(performance.now() < deadlineMs, what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const answering =
  (...messages: readonly string[]) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ":status": 200, "content-type": type });
    for (const message of messages) stream.write(framed(message));
  };

test("texts go both ways on one stream, and leaving is said without a reset", async (t) => {
  let heard = Buffer.alloc(0);
  let request: IncomingHttpHeaders = {};
  let closed: number | null = null;
  const { conn, told, sessions } = await dialled(t, (stream, headers) => {
    request = headers;
    answering('{"type":"welcome","ä":"\\u2028"}')(stream);
    stream.on("data", (piece: Buffer) => {
      heard = Buffer.concat([heard, piece]);
    });
    stream.on("end", () => stream.end());
    stream.on("close", () => {
      closed = stream.rstCode;
    });
  });
  await until("a text", () => told.includes('text {"type":"welcome","ä":"\\u2028"}'));
  await until("the hello", () => heard.equals(framed('{"type":"hello","é":1}')));
  assert.deepEqual([request[":path"], request["content-type"], conn.queuedBytes], ["/base/v1/link", type, 0]);
  conn.close(1_000, "");
  await until("the end", () => closed !== null);
  assert.equal(closed, 0);
  assert.ok(heard.subarray(-5).equals(Buffer.alloc(5)));
  await until("nothing is left on the session", () => sessions.streams === 0);
});

test("a refusal is told with what the server says, anybody else's with its status", async (t) => {
  const refusing =
    (status: number, body: string, contentType = "application/json") =>
    (stream: ServerHttp2Stream): void => {
      stream.respond({ ":status": status, "content-type": contentType });
      stream.end(body);
    };
  const cases = [
    [refusing(503, '{"error":{"code":"draining","message":"later","afterMs":5}}'), 'close 1013 {"code":"draining","message":"later","afterMs":5}'],
    [refusing(404, "<h1>Not here</h1>"), 'close 1013 {"message":"HTTP 404"}'],
    [refusing(200, "<h1>Welcome</h1>", "text/html"), 'close 1013 {"message":"HTTP 502"}'],
    [refusing(500, "x".repeat(200_000)), 'close 1013 {"message":"HTTP 500"}'],
  ] as const;
  for (const [serve, wanted] of cases) {
    const { told } = await dialled(t, serve);
    await until(wanted, () => told.length > 1);
    assert.deepEqual(
      told.filter((line) => line !== "activity"),
      ["open", wanted],
    );
  }
});

test("a stream that breaks off is a break; messages that are none are a fault", async (t) => {
  const broken = await dialled(t, (stream) => {
    answering('{"type":"welcome"}')(stream);
    setTimeout(() => stream.destroy(new Error("broken")), 50);
  });
  await until("a break", () => broken.told.includes("close 1006"));
  const ended = await dialled(t, (stream) => {
    answering()(stream);
    stream.end();
  });
  ended.conn.send("{}");
  await until("an end", () => ended.told.includes("close 1006"));
  for (const [bytes, fault] of [
    [Buffer.of(9), "bad_flags"],
    [Buffer.of(0, 0xff, 0, 0, 0), "too_large"],
  ] as const) {
    const lying = await dialled(t, (stream) => {
      stream.respond({ ":status": 200, "content-type": type });
      stream.write(bytes);
    });
    await until(fault, () => lying.told.includes(`error protocol_error ${fault}`));
  }
});

test("a server that says that this is the end, and does not end it, keeps no stream", async (t) => {
  const { conn, told, sessions } = await dialled(t, answering('{"type":"bye","code":"rotated"}'));
  await until("its word", () => told.some((line) => line.includes("bye")));
  conn.destroy();
  await until("nothing is left on the session", () => sessions.streams === 0);
});

test("a server that drains is not dialled on the same session, and one whose session goes tells its links to move", async (t) => {
  const draining = await dialled(t, answering('{"type":"goaway","code":"draining","afterMs":0,"deadlineMs":1000}'));
  await until("goaway", () => draining.told.some((line) => line.includes("draining")));
  draining.dial();
  await until("another session", () => draining.seen() === 2);
  assert.equal(draining.sessions.streams, 2);
  const going = await dialled(t, (stream) => {
    answering('{"type":"welcome"}')(stream);
    setTimeout(() => stream.session?.goaway(0, 2 ** 31 - 1), 50);
  });
  await until("it is told to move", () => going.told.some((line) => line.startsWith('told {"type":"goaway","code":"rotated"')));
});

test("letting go of what is not open yet, or silent, takes no time and no process", async (t) => {
  const { conn, told, sessions } = await dialled(t, () => {});
  await until("open", () => told.includes("open"));
  conn.destroy();
  await until("nothing is left", () => sessions.streams === 0);
  assert.deepEqual(told, ["open"]);
  const program = `
    import { connect } from "@holdfast/client/node";
    const client = connect("http://127.0.0.1:1", { transports: ["h2"] });
    client.stream("a").next().catch(() => {});
    setTimeout(() => client.close({ drainMs: 0 }), 200);`;
  const child = spawn(process.execPath, ["--conditions=source", "--input-type=module", "-e", program], { cwd: import.meta.dirname, stdio: "inherit" });
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const [code] = await once(child, "exit");
  clearTimeout(timer);
  assert.equal(code, 0);
});

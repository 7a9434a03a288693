import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { type TestServer, testServer } from "../support/server.ts";

/** Sends raw bytes and returns all that comes back until the server ends the connection or `enough` holds. */
function raw(port: number, bytes: string | Buffer, enough: (answer: string) => boolean = () => false): Promise<{ answer: string; ended: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const finish = (ended: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, ended });
    };
    const timer = setTimeout(() => finish(false), 5_000);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (enough(answer)) finish(false);
    });
    socket.on("error", () => finish(true));
    socket.on("close", () => finish(true));
    socket.on("end", () => finish(true));
    socket.write(bytes);
  });
}
const status = (answer: string): number => Number(/^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1] ?? 0);

describe("the HTTP interface meets requests that nobody should send", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer({ handshakeMs: 1_000 });
  });
  after(() => test.stop());

  const host = (): string => `Host: 127.0.0.1:${test.port}\r\n`;
  const cases: readonly (readonly [string, () => string | Buffer, number])[] = [
    ["two Host headers", () => `GET /healthz HTTP/1.1\r\n${host()}${host()}Connection: close\r\n\r\n`, 400],
    ["no Host", () => "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["a foreign Host", () => "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421],
    ["a Host that only begins like ours", () => "GET /healthz HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n", 421],
    ["two Origins", () => `GET /healthz HTTP/1.1\r\n${host()}Origin: http://127.0.0.1:${test.port}\r\nOrigin: http://a\r\nConnection: close\r\n\r\n`, 400],
    ["a foreign Origin", () => `GET /healthz HTTP/1.1\r\n${host()}Origin: https://evil.example\r\nConnection: close\r\n\r\n`, 403],
    ["Origin null", () => `GET /healthz HTTP/1.1\r\n${host()}Origin: null\r\nConnection: close\r\n\r\n`, 403],
    ["HTTP/0.9", () => "GET /healthz\r\n\r\n", 400],
    ["a header block above 16 KiB", () => `GET /healthz HTTP/1.1\r\n${host()}X: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    [
      "more headers than are shown",
      () => `GET /healthz HTTP/1.1\r\n${host()}${Array.from({ length: 150 }, (_, i) => `a${i}: 1\r\n`).join("")}Connection: close\r\n\r\n`,
      431,
    ],
    [
      "Transfer-Encoding with Content-Length",
      () => `POST /v1/streams/a HTTP/1.1\r\n${host()}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ["differing Content-Lengths", () => `POST /v1/streams/a HTTP/1.1\r\n${host()}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400],
    ["a bare LF in a header", () => `GET /healthz HTTP/1.1\n${host()}\r\n`, 400],
    ["a NUL in a header", () => `GET /healthz HTTP/1.1\r\n${host()}X: a\0b\r\n\r\n`, 400],
    ["a TLS hello", () => Buffer.from("16030100c8010000c40303", "hex"), 400],
    ["what is only like an HTTP/2 preface", () => "PRY * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ];
  for (const [what, bytes, wanted] of cases) {
    it(`answers ${what} with ${wanted} and ends the connection`, async () => {
      const { answer, ended } = await raw(test.port, bytes());
      assert.equal(status(answer), wanted, answer);
      assert.ok(ended);
    });
  }

  it("answers a request that offers another protocol as if it had not", async () => {
    const offer = `GET /healthz HTTP/1.1\r\n${host()}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`;
    const { answer } = await raw(test.port, offer, (seen) => seen.includes("durability"));
    assert.equal(status(answer), 200);
  });

  const upgrade = (origin: string): string =>
    `GET /v1/link HTTP/1.1\r\n${host()}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: holdfast.v1\r\nOrigin: ${origin}\r\n\r\n`;

  it("refuses an upgrade from a foreign page before 101", async () => {
    for (const origin of [
      "https://evil.example",
      "null",
      `http://127.0.0.1:${test.port}.evil.example`,
      `https://127.0.0.1:${test.port}`,
      `http://127.0.0.1:${test.port + 1}`,
    ]) {
      const { answer, ended } = await raw(test.port, upgrade(origin));
      assert.equal(status(answer), 403, origin);
      assert.ok(ended);
    }
    const own = await raw(test.port, upgrade(`http://127.0.0.1:${test.port}`), (seen) => seen.includes("\r\n\r\n"));
    assert.equal(status(own.answer), 101);
  });

  it("an upgrade behind an answer that is under way ends the connection: nothing is said in the middle of that answer", async () => {
    const body = '{"type":"hello","protocol":1}\n{"type":"subscribe","id":1,"stream":"s","from":"now"}';
    const poll = `POST /v1/poll HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const { answer, ended } = await raw(test.port, poll + upgrade(`http://127.0.0.1:${test.port}`), (seen) => seen.includes("101"));
    assert.ok(ended);
    assert.doesNotMatch(answer, / 101 /);
  });

  it("ends a request whose headers do not come in time", async () => {
    const { answer, ended } = await raw(test.port, "GET /healthz HTTP/1.1\r\nHo");
    assert.equal(status(answer), 408);
    assert.ok(ended);
  });

  it("stops reading a body above the limit and says so", async () => {
    const response = await fetch(`${test.url}/v1/streams/big`, {
      method: "POST",
      body: "x".repeat(1_100_000),
      headers: { "content-type": "application/octet-stream" },
    });
    assert.equal(response.status, 413);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, "body_too_large");
  });
});

describe("publishing by HTTP", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer();
  });
  after(() => test.stop());
  const code = (answer: { body: Record<string, unknown> }): unknown => (answer.body["error"] as { code: string } | undefined)?.code;

  it("keeps a payload's bytes exactly as sent", async () => {
    const payloads = ['{"a":1,"a":2}', "12345678901234567890123", '"\\u0000\\ud800"', " [ 1 ,\n2 ] ", '"\u2028\u2029"', "0.1e-400", '""'];
    for (const payload of payloads) assert.equal((await test.post("raw", payload)).status, 200);
    const text = await (await fetch(`${test.url}/v1/streams/raw`)).text();
    for (const payload of payloads) assert.ok(text.includes(`"data":${payload}}`), payload);
  });

  it("refuses what is not JSON, with the reason, and adds nothing", async () => {
    const bad: readonly (readonly [string | Uint8Array<ArrayBuffer>, string])[] = [
      ["", "bad_payload"],
      ["{", "bad_payload"],
      ["\ufeff1", "bad_payload"],
      [new Uint8Array([0x22, 0xff, 0x22]), "bad_payload"],
      ["[".repeat(65) + "]".repeat(65), "payload_too_deep"],
      [`"${"x".repeat(262_143)}"`, "entry_too_large"],
    ];
    for (const [body, wanted] of bad) assert.equal(code(await test.post("bad", body)), wanted);
    assert.equal((await fetch(`${test.url}/v1/streams/bad`)).status, 404);
  });

  it("takes a batch as a whole or not at all", async () => {
    const type = { "content-type": "application/x-ndjson" };
    const good = await test.post("batch", '1\n\n"two"\r\n{"three":3}', type);
    assert.equal((good.body["positions"] as string[]).length, 3);
    assert.equal(code(await test.post("batch", "4\n{\n5", type)), "bad_payload");
    const page = (await (await fetch(`${test.url}/v1/streams/batch`)).json()) as { entries: { data: unknown }[] };
    assert.deepEqual(
      page.entries.map((entry) => entry.data),
      [1, "two", { three: 3 }],
    );
  });

  it("answers a repeated producer tuple with the same positions", async () => {
    const producer = { "holdfast-producer-id": "p", "holdfast-producer-epoch": "0", "holdfast-producer-seq": "0" };
    const first = await test.post("once", "1", producer);
    const again = await test.post("once", "1", producer);
    assert.deepEqual(again.body, { ...first.body, duplicate: true });
    assert.equal(code(await test.post("once", "1", { ...producer, "holdfast-producer-seq": "2" })), "out_of_order");
    assert.equal(code(await test.post("once", "1", { "holdfast-producer-id": "p" })), "bad_request");
  });

  it("ends a stream, says so to readers of pages, and takes nothing more", async () => {
    await test.post("done", "1");
    assert.equal((await test.post("done", "", { "holdfast-close": "true" })).status, 200);
    assert.equal(code(await test.post("done", "2")), "stream_closed");
    const page = (await (await fetch(`${test.url}/v1/streams/done`)).json()) as { closed: boolean };
    assert.equal(page.closed, true);
  });

  it("refuses names, types, encodings and methods that it does not know", async () => {
    assert.equal(code(await test.post("a//b", "1")), "bad_stream_name");
    assert.equal(code(await test.post("a%2f%2e%2e", "1")), "bad_stream_name");
    assert.equal(code(await test.post("a%0d%0ab", "1")), "bad_stream_name");
    assert.equal(code(await test.post("a%ff", "1")), "bad_stream_name");
    assert.equal(code(await test.post("a", "1", { "content-type": "text/plain" })), "unsupported_media_type");
    assert.equal(code(await test.post("a", "1", { "content-encoding": "gzip" })), "unsupported_media_type");
    assert.equal((await fetch(`${test.url}/v1/streams/a`, { method: "DELETE" })).status, 405);
    assert.equal((await fetch(`${test.url}/nothing`)).status, 404);
  });
});

describe("history by HTTP", () => {
  it("pages through a log without loss, and answers a position that it cannot honour with 410 and the gap", async () => {
    const test = await testServer();
    for (let i = 0; i < 25; i++) await test.post("log/a", String(i));
    const seen: unknown[] = [];
    let after = "first";
    for (let more = true; more; ) {
      const page = (await (await fetch(`${test.url}/v1/streams/log/a?after=${after}&limit=10`)).json()) as {
        entries: { data: unknown; position: string; prev: string }[];
        next: string;
        more: boolean;
      };
      if (seen.length > 0) assert.equal(page.entries[0]?.prev, after);
      seen.push(...page.entries.map((entry) => entry.data));
      after = page.next;
      more = page.more;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, i) => i),
    );
    const epoch = after.split(".")[0];
    const ahead = await fetch(`${test.url}/v1/streams/log/a?after=${epoch}.2zz`);
    assert.equal(ahead.status, 410);
    assert.deepEqual(((await ahead.json()) as { gap: unknown }).gap, { reason: "ahead", from: `${epoch}.2zz`, after, head: after });
    assert.equal((await fetch(`${test.url}/v1/streams/log/a?after=zz.15`)).status, 410);
    for (const bad of ["", "1", "last:x", "e.05", "../x"]) assert.equal((await fetch(`${test.url}/v1/streams/log/a?after=${bad}`)).status, 400, bad);
    const last = (await (await fetch(`${test.url}/v1/streams/log/a?after=last:3`)).json()) as { entries: { data: unknown }[] };
    assert.deepEqual(
      last.entries.map((entry) => entry.data),
      [22, 23, 24],
    );
    const now = (await (await fetch(`${test.url}/v1/streams/log/a?after=now`)).json()) as { next: string };
    assert.equal(now.next, after);
    await test.stop();
  });

  it("lists streams in order, by prefix, page by page", async () => {
    const test = await testServer();
    for (const name of ["b/2", "a/1", "b/1", "c"]) await test.post(name, "1");
    const list = async (query: string): Promise<{ streams: { stream: string }[]; next: string | null }> =>
      (await (await fetch(`${test.url}/v1/streams?${query}`)).json()) as never;
    assert.deepEqual(
      (await list("")).streams.map((info) => info.stream),
      ["a/1", "b/1", "b/2", "c"],
    );
    assert.deepEqual(
      (await list("prefix=b/")).streams.map((info) => info.stream),
      ["b/1", "b/2"],
    );
    const first = await list("limit=3");
    assert.equal(first.next, "b/2");
    assert.deepEqual(
      (await list(`limit=3&after=${first.next}`)).streams.map((info) => info.stream),
      ["c"],
    );
    await test.stop();
  });
});

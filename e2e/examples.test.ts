/**
 * The services in examples/guard, each as it stands and once without the lines that name guard: they answer the same. What guard changes
 * on purpose is the headers of the connection itself.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { type Example, startExample } from "./support/example.ts";

interface Case {
  readonly what: string;
  readonly bytes: string | Buffer;
  /** Found in the answer: that both are wrong in the same way would be equal too. */
  readonly answer: RegExp;
  /** The connection is kept open by the service: it is ended by the client when the answer has come. */
  readonly stays?: true;
}

/** A request of which the connection ends with its answer. */
function request(method: string, target: string, body = "", headers = ""): string {
  const length = body === "" && method !== "POST" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\n${headers}${length}\r\n${body}`;
}
const kept = (text: string): string => text.replace("Connection: close\r\n", "");
const json = "Content-Type: application/json\r\n";
const cors = "Origin: http://elsewhere.test\r\n";
const upgrade = (target: string, more = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;
/** With a mask of zeros a frame is what it says. */
const frame = (opcode: number, payload: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | Buffer.byteLength(payload), 0, 0, 0, 0]), Buffer.from(payload)]);
const talk = (target: string, ...frames: Buffer[]): Buffer => Buffer.concat([Buffer.from(upgrade(target)), ...frames, frame(8, Buffer.from([0x0f, 0xa0]))]);
const ping = frame(9, "are you there");

const services: Readonly<Record<string, readonly Case[]>> = {
  express: [
    { what: "a route", bytes: request("GET", "/api/notes/1"), answer: /^HTTP\/1.1 200 OK[\s\S]*"id":"1"/ },
    {
      what: "several requests on one connection",
      bytes: `${kept(request("GET", "/api/notes/1")).repeat(3)}${request("HEAD", "/api/notes/1")}`,
      answer: /(200 OK[\s\S]*){4}/,
    },
    { what: "a body", bytes: request("PUT", "/api/notes/2", '{"text":"two"}', json), answer: /201 Created[\s\S]*"two"/ },
    { what: "a body that is no JSON", bytes: request("PUT", "/api/notes/2", "{", json), answer: /400 Bad Request/ },
    {
      what: "a body announced with Expect",
      bytes: request("PUT", "/api/notes/2", '{"text":"two"}', `${json}Expect: 100-continue\r\n`),
      answer: /100 Continue[\s\S]*201/,
    },
    { what: "a note that is not there", bytes: request("GET", "/api/notes/9"), answer: /404[\s\S]*no such note/ },
    { what: "a path that is not there", bytes: request("GET", "/none", "", cors), answer: /404/ },
    { what: "a route that throws", bytes: request("GET", "/api/broken"), answer: /500 Internal Server Error/ },
    { what: "a stream of events to its end", bytes: request("GET", "/events?count=3"), answer: /text\/event-stream[\s\S]*data: tick 2/ },
    {
      what: "an upgrade that the service knows nothing of",
      bytes: upgrade("/api/notes/1"),
      answer: /^HTTP\/1.1 200 OK[\s\S]*\}$/,
      stays: true,
    },
  ],
  fastify: [
    { what: "a route", bytes: request("GET", "/api/square/12"), answer: /"square":144/ },
    { what: "a parameter that the schema refuses", bytes: request("GET", "/api/square/x"), answer: /400 Bad Request/ },
    { what: "a body", bytes: request("POST", "/api/sum", "[1,2,3]", json), answer: /"sum":6/ },
    { what: "a body of another type", bytes: request("POST", "/api/sum", "1", "Content-Type: text/nothing\r\n"), answer: /415/ },
    { what: "a route that throws", bytes: request("GET", "/api/broken"), answer: /500[\s\S]*always fails/ },
    { what: "a method that is not there", bytes: request("DELETE", "/api/sum"), answer: /404/ },
    {
      what: "a WebSocket",
      bytes: talk("/live", frame(1, "hello"), frame(2, "bytes"), ping),
      answer: /101 Switching Protocols[\s\S]*welcome[\s\S]*hello[\s\S]*bytes[\s\S]*are you there/,
    },
    { what: "an upgrade of another path", bytes: upgrade("/elsewhere"), answer: /^HTTP\/1.1 400/ },
  ],
  hono: [
    { what: "a route", bytes: request("GET", "/api/hello/world"), answer: /"hello":"world"/ },
    {
      what: "a body in chunks",
      bytes: request("POST", "/api/upper", "", "Transfer-Encoding: chunked\r\n").replace("Content-Length: 0\r\n\r\n", "\r\n3\r\nabc\r\n0\r\n\r\n"),
      answer: /ABC/,
    },
    { what: "several requests on one connection", bytes: kept(request("GET", "/api/hello/a")) + request("GET", "/api/hello/b"), answer: /"a"[\s\S]*"b"/ },
    { what: "a route that throws", bytes: request("GET", "/api/broken"), answer: /500[\s\S]*always fails/ },
    { what: "a path that is not there", bytes: request("GET", "/none"), answer: /404/ },
    { what: "a stream of events to its end", bytes: request("GET", "/events?count=3"), answer: /data: tick 2[\s\S]*\r\n0\r\n\r\n$/, stays: true },
    { what: "a WebSocket", bytes: talk("/live", frame(1, "hello"), ping), answer: /101 Switching Protocols[\s\S]*hello/ },
    { what: "an upgrade of a path that has none", bytes: upgrade("/none"), answer: /HTTP\/1.1 [34]/ },
  ],
  ws: [
    { what: "a request", bytes: request("GET", "/"), answer: /Open a WebSocket here/ },
    {
      what: "a WebSocket",
      bytes: talk("/", frame(1, "hello"), frame(2, "bytes"), ping),
      answer: /101 Switching Protocols[\s\S]*hello[\s\S]*bytes[\s\S]*are you there/,
    },
    {
      what: "a WebSocket that is offered compression",
      bytes: Buffer.concat([Buffer.from(upgrade("/", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")), frame(8, "")]),
      answer: /permessage-deflate/,
    },
  ],
};

/** Headers of the connection, which guard is there for, and the date. */
const own = /^(?:Date|Keep-Alive|Connection): .*\r\n/gim;

for (const [name, cases] of Object.entries(services)) {
  describe(`the ${name} example`, () => {
    let guarded: Example;
    let plain: Example;
    before(async () => {
      [guarded, plain] = await Promise.all([startExample(name, true), startExample(name, false)]);
    });
    after(() => Promise.all([guarded.stop(), plain.stop()]));

    for (const { what, bytes, answer, stays } of cases) {
      it(`answers ${what} as without guard`, async () => {
        const [withGuard, without] = await Promise.all([guarded, plain].map((example) => example.exchange(bytes, stays && answer)));
        assert.ok(withGuard !== undefined && without !== undefined);
        assert.match(withGuard, answer);
        assert.equal(withGuard.replaceAll(own, ""), without.replaceAll(own, ""));
      });
    }

    if (name === "ws") {
      it("is guarded: a handshake of another version is answered by RFC 6455, section 4.4, where the line is there", async () => {
        const other = upgrade("/").replace("Version: 13", "Version: 7");
        const [withGuard, without] = await Promise.all([guarded.exchange(other), plain.exchange(other)]);
        assert.match(withGuard, /^HTTP\/1.1 426[\s\S]*Sec-WebSocket-Version: 13\r\n/);
        assert.match(without, /^HTTP\/1.1 400/);
      });
    }

    it("is guarded: what Node lets pass is refused, where the line is there", async () => {
      const twice = request("GET", "/", "", "Host: other.test\r\n");
      const [withGuard, without] = await Promise.all([guarded.exchange(twice), plain.exchange(twice)]);
      assert.match(withGuard, /^HTTP\/1.1 400/);
      assert.doesNotMatch(without, /^HTTP\/1.1 400/);
    });
  });
}

describe("the ws example under guard", () => {
  let example: Example;
  before(async () => {
    example = await startExample("ws", true);
  });
  after(() => example.stop());

  it("passes messages between its clients, compressed where they are long, and closes as they wish", async () => {
    const clients = [0, 1].map(() => new WebSocket(`ws://127.0.0.1:${example.port}`));
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once("open", resolve))));
    const text = "a message that is long enough to be compressed, ".repeat(50);
    const heard = Promise.all(clients.map((client) => new Promise((resolve) => client.once("message", (data) => resolve(String(data))))));
    clients[0]?.send(text);
    assert.deepEqual(await heard, [text, text]);
    const codes = Promise.all(clients.map((client) => new Promise((resolve) => client.once("close", resolve))));
    clients[0]?.close(4000);
    clients[1]?.close(1000);
    assert.deepEqual(await codes, [4000, 1000]);
  });
});

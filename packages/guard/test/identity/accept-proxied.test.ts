/**
 * The intake on real sockets: who is let in shows the client's address and loses no byte, whatever stands behind; who is refused gets no
 * byte, and its descriptor is free.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createH2, createSecureServer, connect as h2 } from "node:http2";
import { createServer as createHttps } from "node:https";
import { connect, createServer as createNet, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { connect as tls } from "node:tls";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { proxiedListener } from "../../src/identity/adapters/proxied-listener.ts";
import type { ProxiedListenerOptions } from "../../src/identity/options.ts";
import { openFront, openSockets, send, until } from "./support/front.ts";
import { tcp6, unixPaths, v1, v2 } from "./support/headers.ts";

/** Says whom the server sees, on either side. */
const seen = ({ socket }: Pick<IncomingMessage, "socket">): string =>
  `${socket.remoteFamily} ${socket.remoteAddress} ${socket.remotePort} > ${socket.localFamily} ${socket.localAddress} ${socket.localPort}`;
const answer: RequestListener = (request, response) => void response.end(`${seen(request)};`);
const client = "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443";
const hello = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const pair = onePair();
const bodies = (text: string): string[] => text.match(/[^\r\n]*(?=;)/g)?.filter((each) => each !== "") ?? [];

suite("what is let in, in front of plain HTTP", () => {
  const rows: readonly (readonly [
    what: string,
    mode: ProxiedListenerOptions["proxyProtocol"],
    pieces: readonly (string | Uint8Array)[],
    seen: readonly string[],
  ])[] = [
    ["version 1 with the request glued to it", "v1", [v1 + last], [client]],
    ["version 1, and the request later", "v1", [v1, last], [client]],
    ["version 2 with two pipelined requests glued to it", "v2", [Buffer.concat([v2(), Buffer.from(hello + last)])], [client, client]],
    ["version 2 in two pieces", "v1-or-v2", [v2().subarray(0, 14), Buffer.concat([v2().subarray(14), Buffer.from(last)])], [client]],
    ["version 1 byte by byte, the request too", "v1", [...(v1 + last)], [client]],
    ["version 2 byte by byte, the request too", "v2", Array.from(Buffer.concat([v2(), Buffer.from(last)]), (byte) => Uint8Array.of(byte)), [client]],
    ["IPv6 on an IPv4 connection", "v2", [v2({ familyKind: 0x21, addresses: tcp6 }), last], ["IPv6 2001:db8::9 56324 > IPv6 2001:db8::2 443"]],
    [
      "a client of a Unix socket, which has no address",
      "v2",
      [v2({ familyKind: 0x31, addresses: unixPaths }), last],
      ["undefined undefined undefined > undefined undefined undefined"],
    ],
  ];
  for (const [what, mode = "off", pieces, expected] of rows) {
    test(what, async () => {
      await using front = await openFront(createHttp(answer), { proxyProtocol: mode });
      assert.deepEqual(bodies((await send(front.port, pieces)).answer), expected);
      await until("the facts are forgotten", () => front.listener.intake.shown === 0);
      assert.deepEqual([front.listener.intake.waiting, front.listener.intake.counters.accepted], [0, 1]);
    });
  }
  const own: readonly (readonly [what: string, mode: ProxiedListenerOptions["proxyProtocol"], header: string | Uint8Array])[] = [
    ["LOCAL", "v2", v2({ versionCommand: 0x20, familyKind: 0, addresses: Buffer.alloc(0) })],
    ["LOCAL with addresses that are not to be used", "v2", v2({ versionCommand: 0x20 })],
    ["UNSPEC", "v2", v2({ familyKind: 0, addresses: Buffer.alloc(0) })],
    ["UNKNOWN", "v1", "PROXY UNKNOWN 203.0.113.9 198.51.100.2 1 2\r\n"],
    ["nothing, where nothing is declared", "off", ""],
  ];
  for (const [what, mode = "off", header] of own) {
    test(`${what} shows the socket's own address`, async () => {
      await using front = await openFront(createHttp(answer), { proxyProtocol: mode });
      const { answer: text } = await send(front.port, [Buffer.concat([Buffer.from(header as string), Buffer.from(last)])]);
      assert.match(bodies(text)[0] ?? "", new RegExp(`^IPv4 127\\.0\\.0\\.1 \\d+ > IPv4 127\\.0\\.0\\.1 ${front.port}$`));
      assert.deepEqual([front.accepted[0]?.source, front.listener.intake.counters.own], ["socket", 1]);
    });
  }
  test("split at every byte, no byte of the client is lost", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1-or-v2" });
    const whole = Buffer.concat([v2(), Buffer.from(last)]);
    for (let at = 1; at < v2().length + 4; at++) {
      const { answer: text } = await send(front.port, [whole.subarray(0, at), whole.subarray(at)]);
      assert.deepEqual(bodies(text), [client], `split at ${at}`);
    }
  });
  test("a client that ends right behind its request is answered", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1" });
    assert.deepEqual(bodies((await send(front.port, [v1 + last], { end: true })).answer), [client]);
  });
  test("a header alone and then the end is a connection without a request", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1" });
    assert.equal((await send(front.port, [v1], { end: true })).answer, "");
    await until("it is forgotten", () => front.listener.intake.shown === 0);
  });
  test("a second header is the client's, and is no HTTP", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1" });
    assert.match((await send(front.port, [v1 + v1 + last])).answer, /^HTTP\/1\.1 400 /);
  });
  test("where nothing is declared a header is no HTTP, and names nobody", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "off" });
    assert.match((await send(front.port, [v1 + last])).answer, /^HTTP\/1\.1 400 /);
    assert.equal(front.accepted[0]?.remote.address, "127.0.0.1");
  });
  test("upgraded sockets show the client too, with what was glued to the handshake", async () => {
    const server = createHttp();
    server.on("upgrade", (request, socket: Socket, head: Buffer) => socket.end(`${seen({ socket })};${head};${request.socket === socket};`));
    await using front = await openFront(server, { proxyProtocol: "v2" });
    const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nglued";
    assert.equal((await send(front.port, [Buffer.concat([v2(), Buffer.from(upgrade)])])).answer, `${client};glued;true;`);
  });
});

suite("what is refused, in front of plain HTTP", { skip: needs("proc") }, () => {
  type Row = readonly [what: string, options: ProxiedListenerOptions, pieces: readonly (string | Uint8Array)[], code: string, end?: boolean];
  const tlsBytes = Buffer.from("16030100050100000100", "hex");
  const rows: readonly Row[] = [
    ["a header from an untrusted peer", { proxyProtocol: "v1", proxyTrusted: ["192.0.2.0/24"] }, [v1 + last], "proxy_peer_untrusted"],
    [
      "a LOCAL header from an untrusted peer",
      { proxyProtocol: "v2", proxyTrusted: ["192.0.2.0/24"] },
      [v2({ versionCommand: 0x20 }), last],
      "proxy_peer_untrusted",
    ],
    ["an untrusted peer without a header", { proxyProtocol: "v1-or-v2", proxyTrusted: ["unix", "::1"] }, [last], "proxy_peer_untrusted"],
    ["no header", { proxyProtocol: "v1" }, [last], "proxy_header_missing"],
    ["no header", { proxyProtocol: "v2" }, [last], "proxy_header_missing"],
    ["no header", { proxyProtocol: "v1-or-v2" }, [last], "proxy_header_missing"],
    ["the other version", { proxyProtocol: "v1" }, [v2(), last], "proxy_header_missing"],
    ["the other version", { proxyProtocol: "v2" }, [v1 + last], "proxy_header_missing"],
    ["a header behind TLS bytes", { proxyProtocol: "v1-or-v2" }, [Buffer.concat([tlsBytes, v2()])], "proxy_header_missing"],
    ["a length too small", { proxyProtocol: "v2" }, [v2({ length: 11 }), last], "proxy_header_malformed"],
    ["a length too large", { proxyProtocol: "v2" }, [v2({ length: 65_535 })], "proxy_header_too_long"],
    ["a length above the limit of the listener", { proxyProtocol: "v2", proxyHeaderBytesMax: 27 }, [v2(), last], "proxy_header_too_long"],
    ["a length that takes in the client's first bytes", { proxyProtocol: "v2" }, [v2({ length: 14 }), last], "proxy_header_malformed"],
    ["a header that is not an address", { proxyProtocol: "v1" }, [`${v1.replace("203.0.113.9", "203.0.113.999")}${last}`], "proxy_header_malformed"],
    ["half a header and then nothing", { proxyProtocol: "v2", proxyHeaderMs: 60 }, [v2().subarray(0, 20)], "proxy_header_timeout"],
    ["nothing at all", { proxyProtocol: "v1", proxyHeaderMs: 60 }, [], "proxy_header_timeout"],
    ["half a header and then the end", { proxyProtocol: "v1" }, ["PROXY TCP4 "], "proxy_header_unfinished", true],
    ["the end at once, as of a check of the port", { proxyProtocol: "v1" }, [], "proxy_peer_left", true],
  ];
  for (const [what, options, pieces, code, end = false] of rows) {
    test(`${options.proxyProtocol}: ${what} is ${code}: closed without a byte`, async () => {
      let requests = 0;
      const before = openSockets();
      {
        await using front = await openFront(
          createHttp(() => requests++),
          options,
        );
        const { answer: text } = await send(front.port, pieces, { end });
        assert.deepEqual([text, requests], ["", 0]);
        await until("it is refused", () => front.refused.length === 1);
        const [refusal] = front.refused;
        assert.deepEqual([refusal?.code, refusal?.peer.address, refusal?.socket.destroyed], [code, "127.0.0.1", true]);
        const { intake } = front.listener;
        assert.deepEqual([intake.counters.refused[code as "proxy_header_missing"], intake.counters.accepted, intake.waiting, intake.shown], [1, 0, 0, 0]);
      }
      await until("no descriptor is left", () => openSockets() <= before);
    });
  }
  test("a reset within the header is no error of the process", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1" });
    const socket = connect(front.port, "127.0.0.1");
    await once(socket, "connect");
    await new Promise<void>((resolve) => socket.write("PROXY TC", () => resolve()));
    await until("it waits", () => front.listener.intake.waiting === 1);
    socket.resetAndDestroy();
    await until("it is refused", () => front.refused.length === 1);
    assert.match(front.refused[0]?.code ?? "", /^proxy_(header_unfinished|peer_left)$/);
  });
  test("above the limit of those who wait the next is refused, and those before it are not", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1", proxyWaitingMax: 2 });
    const waiting = [connect(front.port, "127.0.0.1"), connect(front.port, "127.0.0.1")];
    await until("two wait", () => front.listener.intake.waiting === 2);
    assert.equal((await send(front.port, [v1 + last])).answer, "");
    assert.deepEqual(
      front.refused.map(({ code }) => code),
      ["proxy_headers_waiting"],
    );
    const [first] = waiting;
    first?.write(v1 + last);
    const [text] = await once(first as Socket, "data");
    assert.match(String(text), /203\.0\.113\.9/);
    for (const socket of waiting) socket.destroy();
  });
  test("each waits for its own deadline, and one timer serves them", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1", proxyHeaderMs: 150 });
    const sent = [send(front.port, []), send(front.port, ["PROXY "])];
    await until("both wait", () => front.listener.intake.waiting === 2);
    const prompt = await send(front.port, [v1 + last]);
    assert.deepEqual(bodies(prompt.answer), [client]);
    assert.deepEqual(
      (await Promise.all(sent)).map(({ answer: text }) => text),
      ["", ""],
    );
    assert.deepEqual(
      front.refused.map(({ code }) => code),
      ["proxy_header_timeout", "proxy_header_timeout"],
    );
  });
  test("those who wait when the listener closes are refused, and the server can close", async () => {
    const server = createHttp(answer);
    const front = await openFront(server, { proxyProtocol: "v1", proxyHeaderMs: 60_000 });
    const sent = send(front.port, ["PROXY "]);
    await until("it waits", () => front.listener.intake.waiting === 1);
    await front[Symbol.asyncDispose]();
    assert.equal((await sent).answer, "");
    assert.deepEqual(
      front.refused.map(({ code }) => code),
      ["proxy_closed"],
    );
  });
  test("many who come and go in every way leave no descriptor and no entry", async () => {
    const before = openSockets();
    {
      await using front = await openFront(createHttp(answer), { proxyProtocol: "v1-or-v2", proxyHeaderMs: 200 });
      const ways: readonly (() => Promise<unknown>)[] = [
        () => send(front.port, [v1 + last]),
        () => send(front.port, [v2(), last]),
        () => send(front.port, [last]),
        () => send(front.port, ["PROXY "]),
        () => send(front.port, ["PROXY "], { end: true }),
        async () => {
          const socket = connect(front.port, "127.0.0.1");
          socket.on("error", () => {});
          await once(socket, "connect");
          socket.write(v1);
          socket.resetAndDestroy();
        },
      ];
      for (let round = 0; round < 20; round++) await Promise.all(ways.map((way) => way()));
      await until("all is settled", () => front.listener.intake.waiting === 0 && front.listener.intake.shown === 0);
    }
    await until("no descriptor is left", () => openSockets() <= before);
  });
});

suite("what stands behind", { skip: pair === null ? "needs openssl" : false }, () => {
  const credentials = { key: pair?.key ?? "", cert: pair?.cert ?? "" };
  /** A connection that has sent its header, alone, so that what follows comes in pieces of its own, or glued by `hold`. */
  const proxied = async (port: number): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(v1);
    return socket;
  };
  /** Sends the header and the client's first flight as one write: both go through a pipe that waits for them. */
  const glued = async (port: number): Promise<{ readonly near: number; close(): Promise<void> }> => {
    const pipe = createNet((near) => {
      const far = connect(port, "127.0.0.1");
      near.once("data", (first) => {
        far.write(Buffer.concat([v2(), Buffer.from(first)]));
        near.pipe(far).pipe(near);
      });
      for (const socket of [near, far]) socket.on("error", () => {});
      near.on("close", () => far.destroy());
      far.on("close", () => near.destroy());
    }).listen(0, "127.0.0.1");
    await once(pipe, "listening");
    return {
      near: (pipe.address() as { port: number }).port,
      close: async () => {
        pipe.close();
        await once(pipe, "close");
      },
    };
  };
  const overTls = async (socket: Socket): Promise<string> => {
    const secure = tls({ socket, rejectUnauthorized: false });
    secure.write(last);
    let text = "";
    for await (const chunk of secure) text += chunk;
    return bodies(text)[0] ?? "";
  };
  const overH2 = async (socket: Socket, secure: boolean): Promise<string> => {
    const session = h2(secure ? "https://localhost" : "http://localhost", {
      createConnection: () => (secure ? tls({ socket, rejectUnauthorized: false, ALPNProtocols: ["h2"] }) : socket),
    });
    let text = "";
    for await (const chunk of session.request({ ":path": "/" })) text += chunk;
    session.close();
    await once(session, "close");
    return bodies(text)[0] ?? "";
  };
  const onStream = (server: Server): Server =>
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200 });
      stream.end(`${seen(stream.session)};`);
    });
  const kinds: readonly (readonly [name: string, server: () => Server, ask: (socket: Socket) => Promise<string>])[] = [
    ["an https server", () => createHttps(credentials, answer), overTls],
    ["an HTTP/2 server over TLS", () => onStream(createSecureServer(credentials)), (socket) => overH2(socket, true)],
    ["an HTTP/2 server over TLS, for HTTP/1.1", () => createSecureServer({ ...credentials, allowHTTP1: true }, answer as never), overTls],
    ["an HTTP/2 server without TLS", () => onStream(createH2()), (socket) => overH2(socket, false)],
    ["a compatible HTTP/2 server", () => createSecureServer(credentials, answer as never), (socket) => overH2(socket, true)],
  ];
  for (const [name, make, ask] of kinds) {
    test(`${name} shows the client, with the header before the first flight`, async () => {
      await using front = await openFront(make(), { proxyProtocol: "v1" });
      assert.equal(await ask(await proxied(front.port)), client);
      await until("it is forgotten", () => front.listener.intake.shown === 0);
    });
    test(`${name} shows the client, with the first flight glued to the header`, async () => {
      await using front = await openFront(make(), { proxyProtocol: "v2" });
      const pipe = await glued(front.port);
      const socket = connect(pipe.near, "127.0.0.1");
      assert.equal(await ask(socket), client);
      socket.destroy();
      await pipe.close();
    });
  }
  test("a resumed TLS session belongs to the client of its own connection", async () => {
    await using front = await openFront(createHttps(credentials, answer), { proxyProtocol: "v1" });
    const ask = async (
      header: string,
      resumed?: Buffer,
    ): Promise<{ readonly text: string; readonly session: Buffer | undefined; readonly reused: boolean }> => {
      const socket = connect(front.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(header);
      const secure = tls({ socket, rejectUnauthorized: false, ...(resumed === undefined ? {} : { session: resumed }) });
      let session: Buffer | undefined;
      let reused = false;
      secure.on("secureConnect", () => {
        reused = secure.isSessionReused();
      });
      secure.on("session", (given) => {
        session = given;
      });
      secure.write(last);
      let text = "";
      for await (const chunk of secure) text += chunk;
      return { text: bodies(text)[0] ?? "", session, reused };
    };
    const first = await ask(v1);
    const second = await ask(v1.replace("203.0.113.9", "203.0.113.10"), first.session);
    assert.equal(second.reused, true);
    assert.deepEqual([first.text, second.text], [client, client.replace("203.0.113.9", "203.0.113.10")]);
  });
  test("TLS that fails shows the client to whoever logs it", async () => {
    const server = createHttps(credentials, answer);
    const failed = once(server, "tlsClientError");
    await using front = await openFront(server, { proxyProtocol: "v1" });
    const sent = send(front.port, [`${v1}${last}`]);
    const [, socket] = await failed;
    assert.equal((socket as Socket).remoteAddress, "203.0.113.9");
    await sent;
  });
  test("plain HTTP behind a header is not answered by a TLS server", async () => {
    await using front = await openFront(createHttps(credentials, answer), { proxyProtocol: "v1" });
    assert.doesNotMatch((await send(front.port, [v1 + last])).answer, /HTTP/);
  });
  test("a header and then the end leaves nothing behind a TLS server", { timeout: 30_000 }, async () => {
    await using front = await openFront(createHttps({ ...credentials, handshakeTimeout: 1_000 }, answer), { proxyProtocol: "v1" });
    await send(front.port, [v1], { end: true });
    await until("it is forgotten", () => front.listener.intake.shown === 0);
  });
  test("a Unix socket can not be told below TLS, and is refused rather than shown as somebody else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-identity-"));
    const path = join(folder, "s");
    await using front = await openFront(createHttps(credentials, answer), { proxyProtocol: "v1", proxyTrusted: ["unix"] }, { path });
    const socket = connect(path);
    await once(socket, "connect");
    socket.write(v1);
    const secure = tls({ socket, rejectUnauthorized: false });
    secure.on("error", () => {});
    await once(secure, "close");
    await until("it is refused", () => front.refused.length === 1);
    assert.equal(front.refused[0]?.code, "proxy_address_lost");
    rmSync(folder, { recursive: true, force: true });
  });
});

suite("around it", () => {
  test("a Unix socket that is trusted takes a header", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-identity-"));
    const path = join(folder, "s");
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1", proxyTrusted: ["unix"] }, { path });
    const socket = connect(path);
    socket.write(v1 + last);
    let text = "";
    for await (const chunk of socket) text += chunk;
    assert.deepEqual(bodies(text), [client]);
    assert.equal(front.accepted[0]?.peer.address, undefined);
    rmSync(folder, { recursive: true, force: true });
  });
  test("a dual-stack listener knows an IPv4 proxy by its IPv4 network", async () => {
    await using front = await openFront(createHttp(answer), { proxyProtocol: "v1" }, { host: "::" });
    assert.deepEqual(bodies((await send(front.port, [v1 + last])).answer), [client]);
    assert.equal(front.accepted[0]?.peer.address, "::ffff:127.0.0.1");
  });
  test("listeners of the connection event see it once, with the client's address, whenever they were added", async () => {
    const server = createHttp(answer);
    const saw: (string | undefined)[] = [];
    server.prependListener("connection", ({ remoteAddress }) => saw.push(remoteAddress));
    await using front = await openFront(server, { proxyProtocol: "v1" });
    server.prependListener("connection", ({ remoteAddress }) => saw.push(remoteAddress));
    await send(front.port, [v1, last]);
    await send(front.port, [last]);
    assert.deepEqual(saw, ["203.0.113.9", "203.0.113.9"]);
  });
  test("detached, the server has its connections directly, and what is open goes on", async () => {
    const server = createHttp(answer);
    await using front = await openFront(server, { proxyProtocol: "v1" });
    const socket = connect(front.port, "127.0.0.1");
    socket.write(v1 + hello);
    await once(socket, "data");
    front.listener.detach();
    socket.write(last);
    const [text] = await once(socket, "data");
    assert.match(String(text), /203\.0\.113\.9/);
    assert.match((await send(front.port, [last])).answer, /127\.0\.0\.1/);
  });
  const faults: readonly (readonly [what: string, options: ProxiedListenerOptions, message: RegExp])[] = [
    ["a mode that tries", { proxyProtocol: "auto" as "v1" }, /`proxyProtocol` to be one of off, v1, v2, v1-or-v2/],
    ["a header that anybody may send", { proxyProtocol: "v1", proxyTrusted: [] }, /`proxyTrusted` to name the proxies/],
    ["a network that is none", { proxyProtocol: "v1", proxyTrusted: ["10.0.0.1/8"] }, /10\.0\.0\.0\/8 is the whole network/],
    ["no time at all", { proxyTrusted: [], proxyHeaderMs: 0 }, /`proxyHeaderMs` to be a whole number in \[1, 600000\], got 0/],
    ["15 bytes", { proxyHeaderBytesMax: 15 }, /`proxyHeaderBytesMax`/],
    ["nobody may wait", { proxyWaitingMax: 0 }, /`proxyWaitingMax`/],
    ["a word of its own", { proxyHeaderTimeout: 1 } as object, /got `proxyHeaderTimeout`/],
  ];
  for (const [what, options, message] of faults) {
    test(`${what} is refused as an option`, () => assert.throws(() => proxiedListener(createNet(), options), message));
  }
});

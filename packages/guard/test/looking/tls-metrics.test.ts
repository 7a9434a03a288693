/** Handshakes of a listener with TLS, its own or that of a front, as a scrape and the table tell them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttps, type ServerOptions } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { describe, it } from "node:test";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import { type Guard, type GuardParts, guard, guardMetrics } from "@holdfast/guard";
import { certificates, type Pair } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { parseExposition, seriesValue } from "../support/exposition.ts";
import { until } from "../support/guarded.ts";
import { only } from "../support/tls-listener.ts";

const hello: RequestListener = (_request, response) => void response.end("hello");

type Kind = "with a front" | "of its own";

interface Looked extends AsyncDisposable {
  readonly guarded: Guard;
  readonly port: number;
}

/** A listener, and what more it is to ask of clients. */
async function open(kind: Kind, pair: Pair, clientCa: Pair | null = null): Promise<Looked> {
  const own: ServerOptions = { ...pair, ALPNProtocols: ["http/1.1"], ...(clientCa === null ? {} : { ca: clientCa.cert, requestCert: true }) };
  const front = { certFile: pair.certFile, keyFile: pair.keyFile, clientCaFile: clientCa?.certFile ?? null };
  const [server, parts]: [Server & ReturnType<typeof createServer>, GuardParts] =
    kind === "of its own" ? [createHttps(own, hello), {}] : [createServer(hello), { tls: front }];
  const guarded = guard(server, {}, parts);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    await guarded.drain({ windowMs: 50, drainMs: 500 });
    guarded.release();
  };
  return { guarded, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

/** A request on a connection of its own; returns the session to resume. Rejects when there is no answer. */
async function ask(port: number, options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = tlsConnect({ port, host: "127.0.0.1", servername: "localhost", ...options });
  let session: Buffer | undefined;
  socket.on("session", (ticket) => {
    session = ticket;
  });
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  socket.resume();
  await once(socket, "end");
  socket.destroy();
  return session;
}

const failures = async ({ guarded }: Looked): Promise<Record<string, number>> => {
  const told = parseExposition(await guardMetrics(guarded).metrics());
  const series = told.get("holdfast_guard_tls_failures_total")?.series ?? [];
  assert.ok(series.length > 1, "every reason is there before it happens");
  return Object.fromEntries(series.filter(({ value }) => value > 0).map(({ labels, value }) => [labels["reason"], value]));
};

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, count) => all + count, 0);

describe("metrics of TLS", { skip: needs("openssl") }, () => {
  for (const kind of ["with a front", "of its own"] as const) {
    it(`tell sessions that were resumed by a server ${kind}`, async () => {
      using made = certificates();
      const pair = made.make("looked");
      await using looked = await open(kind, pair);
      let session: Buffer | undefined;
      for (let i = 0; i < 3; i++) session = (await ask(looked.port, { ca: pair.cert, ...(session === undefined ? {} : { session }) })) ?? session;
      const told = parseExposition(await guardMetrics(looked.guarded).metrics());
      assert.equal(seriesValue(told, "holdfast_guard_tls_handshakes_total", { session: "new" }), 1);
      assert.equal(seriesValue(told, "holdfast_guard_tls_handshakes_total", { session: "resumed" }), 2);
      assert.equal(seriesValue(told, "holdfast_guard_tls_resumed_ratio"), 2 / 3);
      assert.equal(looked.guarded.fronts.length, kind === "of its own" ? 0 : 1);
    });

    it(`tell why handshakes failed with a server ${kind}, each once`, async () => {
      using made = certificates();
      const [pair, authority] = [made.make("looked"), made.make("authority")];
      await using looked = await open(kind, pair, authority);
      const { port } = looked;
      const known = { ca: pair.cert, cert: authority.cert, key: authority.key };
      const refused: readonly (readonly [reason: string, options: ConnectionOptions])[] = [
        ["protocol_version", { ...known, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }],
        ["no_shared_cipher", { ...known, ...only("TLSv1.2"), ciphers: "ECDHE-RSA-AES128-GCM-SHA256" }],
        ["no_application_protocol", { ...known, ALPNProtocols: ["of nobody"] }],
        ["client_certificate", { ca: pair.cert, ...only("TLSv1.2") }],
      ];
      for (const [reason, options] of refused) {
        const before = sum(await failures(looked));
        await assert.rejects(ask(port, options), reason);
        await until(
          () => sum(looked.guarded.handshakes[0]?.failed ?? {}) > before,
          () => reason,
        );
      }
      for (const bytes of ["GET / HTTP/1.1\r\n\r\n", ""]) {
        const plain = connect(port, "127.0.0.1", () => plain.end(bytes)).on("error", () => {});
        await once(plain.resume(), "close");
      }
      await until(() => looked.guarded.connections().length === 0);
      await ask(port, known);
      assert.deepEqual(await failures(looked), { ...Object.fromEntries(refused.map(([reason]) => [reason, 1])), not_tls: 1, peer_closed: 1 });
      assert.equal(looked.guarded.handshakes[0]?.handshakes, 1);
      assert.equal(looked.guarded.counters.ended.get("tls_failed guard"), refused.length + 1);
    });
  }
});

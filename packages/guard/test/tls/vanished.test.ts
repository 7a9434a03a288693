/** Peers that vanish around their handshake, before a byte of a request: their connection ends then, by what they did, and not at a deadline. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createH2, createSecureServer } from "node:http2";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { certificates, type Pair } from "../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import type { AnyServer } from "../../src/adapters/attach.ts";
import { type Ending, type Guard, type GuardOptions, type GuardParts, guard } from "../../src/index.ts";
import type { AttachSettings } from "../../src/tls/adapters/attach-tls.ts";
import { until } from "../support/guarded.ts";
import { only, versions } from "../support/tls-listener.ts";

type Listening = readonly [server: AnyServer, parts: GuardParts];

const hello = (_request: unknown, response: { end(text: string): void }): void => response.end("hello");

const files = ({ certFile, keyFile }: Pair): AttachSettings => ({ certFile, keyFile });

/** Servers, and what is spoken to them. */
const kinds: readonly (readonly [what: string, alpn: string, make: (pair: Pair) => Listening])[] = [
  ["an http server behind a front", "http/1.1", (pair) => [createServer(hello), { tls: files(pair) }]],
  ["an http2 server beside it", "h2", (pair) => [createServer(hello), { tls: { ...files(pair), h2: createH2(hello) } }]],
  ["an https server behind a front", "http/1.1", (pair) => [createHttps({}, hello), { tls: files(pair) }]],
  ["an https server of its own", "http/1.1", (pair) => [createHttps(pair, hello), {}]],
  ["an http2 server of its own", "h2", (pair) => [createSecureServer(pair, hello), {}]],
];

const ways: readonly (readonly [what: string, code: string, go: (raw: Socket, secure: TLSSocket) => void])[] = [
  ["says close_notify", "peer_closed", (_raw, secure) => secure.end()],
  // Whoever destroys with tickets unread resets.
  ["closes", "peer_closed", (raw) => raw.end()],
  ["resets", "peer_reset", (raw) => raw.resetAndDestroy()],
];

/** Handshakes that failed, by reason. */
const told = ({ handshakes: [counters] }: Guard): object => Object.fromEntries(Object.entries(counters?.failed ?? {}).filter(([, count]) => count > 0));

describe("a peer that vanishes", { skip: needs("openssl") }, () => {
  const made = certificates();
  after(() => made[Symbol.dispose]());
  const pair = made.make("vanished");

  async function open([server, parts]: Listening, options: Partial<GuardOptions> = {}) {
    const endings: Ending[] = [];
    const guarded = guard(server, options, { ...parts, ended: (_row, ending) => endings.push(ending) });
    let secured = 0;
    server.on("secureConnection", () => secured++);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const stop = async (): Promise<void> => {
      await guarded.drain({ windowMs: 0, drainMs: 1 });
      guarded.release();
    };
    return { guarded, endings, secured: () => secured, port: (server.address() as AddressInfo).port, stop };
  }

  for (const [server, alpn, make] of kinds) {
    for (const version of versions) {
      it(`${server}, ${version}: is gone when it goes, whether or not the server has seen the end of the handshake`, async (t) => {
        const { guarded, endings, secured, port, stop } = await open(make(pair));
        t.after(stop);
        for (const isSeen of [true, false]) {
          for (const [what, code, go] of ways) {
            const [before, count] = [secured(), endings.length];
            const raw = connect(port, "127.0.0.1").on("error", () => undefined);
            const secure = tlsConnect({ socket: raw, ca: pair.cert, servername: "localhost", ALPNProtocols: [alpn], ...only(version) });
            secure.on("error", () => undefined);
            await once(secure, "secureConnect");
            if (isSeen) await until(() => secured() > before);
            const beganMs = performance.now();
            go(raw, secure);
            await until(
              () => endings.length > count,
              () => `${what}: still ${guarded.connections()[0]?.phase}`,
            );
            assert.equal(endings.at(-1)?.code, code, `${what}, ${isSeen ? "seen" : "unseen"}`);
            assert.equal(endings.at(-1)?.side, "peer");
            assert.ok(performance.now() - beganMs < 8_000, "no deadline was waited for: all are 10 s");
            raw.destroy();
          }
        }
        assert.equal(guarded.connections().length, 0);
      });
    }
    it(`${server}: who never begins a handshake is not told of for a header`, async (t) => {
      const [made, parts] = make(pair);
      const tls = parts.tls === undefined ? {} : { tls: { ...parts.tls, handshakeMs: 1_000 } };
      const { guarded, endings, port, stop } = await open([made, { ...parts, ...tls }], { headersMs: 1_000 });
      t.after(stop);
      const raws = Array.from({ length: 10 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
      await until(() => endings.length === raws.length);
      assert.deepEqual([...new Set(endings.map(({ code }) => code))], ["handshake_timeout"]);
      assert.deepEqual(told(guarded), { handshake_timeout: raws.length });
    });
  }
});

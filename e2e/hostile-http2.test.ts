/**
 * The rows of HTTP/2 once more, against a whole server that speaks it over TLS: what hostile peers do to a session costs its links and
 * everybody else nothing. A link beside each attack has to be given an entry before and after it.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { ConnectionRow, Ending, GuardOptions, Http2Limits } from "@holdfast/guard";
import { http2LimitDocs } from "@holdfast/guard";
import { createServer, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { certificates } from "../scripts/test-support/certificates.ts";
import { Http2Client, until } from "../scripts/test-support/http2-client.ts";
import { errorNames, RawHttp2 } from "../scripts/test-support/http2-frames.ts";
import { type HostileRow, http2Rows } from "../scripts/test-support/http2-rows.ts";
import { needs } from "../scripts/test-support/needs.ts";

const tls = { rejectUnauthorized: false };
const subscribe = { type: "subscribe", id: 1, stream: "beside", from: "first" };

interface Attacked {
  readonly server: HoldfastServer;
  readonly url: string;
  readonly port: number;
  readonly ended: ReadonlyMap<string, Ending>;
  readonly handled: () => number;
}

/** A row's limits are those of the session: some are HTTP/2's own, others guard's. */
function limitsOf({ limits = {} }: HostileRow): { readonly http2: Partial<Http2Limits>; readonly guard: Partial<GuardOptions> } {
  const pick = (isOwn: boolean): object => Object.fromEntries(Object.entries(limits).filter(([name]) => Object.hasOwn(http2LimitDocs, name) === isOwn));
  return { http2: pick(true), guard: pick(false) };
}

describe("a server whose HTTP/2 is attacked", { skip: needs("openssl"), concurrency: 4 }, () => {
  const folder = certificates();
  const { certFile, keyFile } = folder.make("localhost");
  after(() => folder[Symbol.dispose]());

  async function start(row: HostileRow): Promise<Attacked> {
    const ended = new Map<string, Ending>();
    let handled = 0;
    const { http2, guard } = limitsOf(row);
    const server = createServer({
      engine: memoryEngine({ env: nodeEnv }),
      options: { port: 0, drainMs: 1, heartbeatMs: 60_000 },
      guard,
      listener: { tls: { certFile, keyFile }, http2 },
      connectionEvents: { ended: ({ peer }: ConnectionRow, ending) => void ended.set(peer, ending) },
      fallback: (_request, response) => {
        handled++;
        const { stream } = response as unknown as { readonly stream: Parameters<NonNullable<HostileRow["onStream"]>>[0] };
        if (row.onStream === undefined) response.end("ok");
        else row.onStream(stream);
        return true;
      },
    });
    const { url, port } = await server.listen();
    return { server, url, port, ended, handled: () => handled };
  }

  async function run(row: HostileRow): Promise<void> {
    const attacked = await start(row);
    const { server, ended } = attacked;
    const beside = await Http2Client.open(attacked.url);
    const link = beside.link(subscribe);
    const given = async (count: number): Promise<void> => {
      assert.ok((await server.hub.append({ stream: "beside", entries: [{ format: "json", payload: Buffer.from(String(count)) }] })).ok);
      await link.until(() => link.ofType("entry").length === count);
    };
    const peer = await RawHttp2.open(attacked.port, row.settings, tls);
    const name = `127.0.0.1:${peer.socket.localPort}`;
    try {
      await given(1);
      row.run(peer);
      if (row.codes.length > 0) {
        await until(
          () => ended.has(name),
          () => "it was not ended",
        );
        peer.socket.resume();
        assert.ok(await peer.untilEnded(), "the connection ends");
        const { code = "nothing" } = ended.get(name) ?? {};
        assert.ok(row.codes.includes(code), `ended for ${code}`);
        const [seen] = peer.goaways().map((one) => errorNames[one.code] ?? "unknown");
        if (!row.goaway.includes("none")) assert.ok(row.goaway.includes(seen ?? "nothing"), `GOAWAY says ${seen}`);
      } else if (row.reset !== undefined) assert.ok(await peer.until(() => peer.resets().size > 0), "the stream is reset");
      await given(2);
      if (row.codes.length === 0) assert.equal(ended.size, 0);
      assert.equal(server.guard.connections().length, row.codes.length === 0 ? 2 : 1);
      assert.equal(server.stats().links, 1);
      assert.ok(attacked.handled() <= row.handlersMax, `${attacked.handled()} handlers`);
    } finally {
      peer.close();
      await beside.close();
      await server.close();
    }
  }

  for (const row of http2Rows) it(`row ${row.row}: ${row.input}`, () => run(row));
});

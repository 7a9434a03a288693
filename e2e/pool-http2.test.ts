/**
 * `Http2Origin` through real nginx and HAProxy that are told to read their configuration again under load: the old process says GOAWAY and leaves,
 * the new one takes over. No request may fail: what was not processed is sent again.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { type Connected, Http2Origin, nodePoolEnv } from "@holdfast/pool/http2";
import { needs } from "../scripts/test-support/needs.ts";
import { openProxyServer, type ProxyName } from "./support/proxies.ts";

/** The shipped configurations with HTTP/2 by prior knowledge where clients connect. */
const edits: Readonly<Record<"nginx" | "haproxy", (text: string) => string>> = {
  nginx: (text) => text.replace(/listen (127\.0\.0\.1:\d+);/, "listen $1 http2;"),
  haproxy: (text) => text.replace(/bind (127\.0\.0\.1:\d+)/, "bind $1 proto h2"),
};

const clients = 50;
const reloads = 3;

for (const name of ["nginx", "haproxy"] as const satisfies readonly ProxyName[]) {
  test(`${name}, reloaded under load, costs no request`, { skip: needs(name) }, async (t) => {
    const server = createServer((request, response) => {
      let got = 0;
      request.on("data", (chunk: Buffer) => {
        got += chunk.length;
      });
      request.on("end", () => setTimeout(() => response.end(`${request.method} ${got}`), 5));
    });
    server.keepAliveTimeout = 65_000;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    await using proxy = await openProxyServer(name, { port: (server.address() as AddressInfo).port, edit: edits[name] });
    const port = Number(new URL(proxy.url).port);
    const origin = new Http2Origin(() => connected(port), {}, nodePoolEnv);
    const outcomes = new Map<string, number>();
    let isOver = false;
    const work = async (i: number): Promise<void> => {
      while (!isOver) {
        const body = i % 2 === 0 ? null : "x".repeat(5_000);
        const outcome = await ask(origin, port, body);
        const key = outcome === (body === null ? "200 GET 0" : "200 POST 5000") ? "right" : outcome;
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
      }
    };
    const working = Promise.all(Array.from({ length: clients }, (_, i) => work(i)));
    for (let i = 0; i < reloads; i++) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await proxy.reload();
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
    isOver = true;
    await working;
    const { opened, ended } = origin.stats();
    await origin.close();
    assert.deepEqual([...outcomes.keys()], ["right"], JSON.stringify([...outcomes]));
    assert.ok(opened > 1 && (ended.goaway ?? 0) >= 1, `${opened} sessions, ended ${JSON.stringify(ended)}`);
  });
}

async function connected(port: number): Promise<Connected> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const phases = { dnsMs: null, tcpMs: 0, tlsMs: null };
  return { socket, protocol: "h2", peer: `127.0.0.1:${port}`, address: "127.0.0.1", tls: null, phases };
}

/** Status and body, or the code of the error. */
function ask(origin: Http2Origin, port: number, body: string | null): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const settings = { origin: `http://127.0.0.1:${port}`, path: "/", method: body === null ? "GET" : "POST", body } as const;
    origin.dispatch(settings, {
      onResponseStart: (_controller, status) => {
        text = `${status} `;
      },
      onResponseData: (_controller, chunk) => {
        text += String(chunk);
      },
      onResponseEnd: () => resolve(text),
      onResponseError: (_controller, error) => resolve((error as Error & { readonly code?: string }).code ?? error.message),
    });
  });
}

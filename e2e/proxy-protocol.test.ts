/**
 * Real HAProxy in `mode tcp` in front of Node servers, with both versions of the PROXY protocol: the server sees the client and not the
 * proxy, with and without TLS, and the proxy's own checks are its own.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer, get as getTls, Agent as TlsAgent } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { describe, it } from "node:test";
import { type ProxiedListener, type ProxiedListenerOptions, proxiedListener } from "@holdfast/guard";
import { onePair } from "../scripts/test-support/certificates.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { until } from "./support/processes.ts";
import { openProxyServer, proxyVersion } from "./support/proxies.ts";

/** The client's end of a loopback connection: any address of 127/8 is one's own. */
const clientAddress = "127.0.0.5";

/** A balancer that passes bytes on, in place of the configuration that ships, on the address which that has. */
const tcpBalancer =
  (backend: number, words: string, ...lines: string[]) =>
  (configuration: string): string => {
    const bind = /^\s*bind (\S+)/m.exec(configuration)?.[1] ?? assert.fail("no bind line");
    return [
      "defaults",
      "  mode tcp",
      "  timeout connect 5s",
      "  timeout client 30s",
      "  timeout server 30s",
      "listen front",
      `  bind ${bind}`,
      ...lines,
      `  server one 127.0.0.1:${backend} ${words}`,
      "",
    ].join("\n");
  };

const seen: RequestListener = ({ socket }, response) =>
  void response.end(JSON.stringify([socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort]));

async function listening(server: Server, options: ProxiedListenerOptions): Promise<{ readonly port: number; readonly listener: ProxiedListener }> {
  const listener = proxiedListener(server, options);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, listener };
}

async function close(server: Server & { closeAllConnections(): void }, listener: ProxiedListener): Promise<void> {
  listener.detach();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

/** Asks twice over one connection; returns what the server saw, and which port the client had. */
async function ask(port: number, isTls: boolean): Promise<{ readonly seen: unknown[]; readonly ports: (number | undefined)[] }> {
  const agent = isTls ? new TlsAgent({ keepAlive: true, maxSockets: 1 }) : new Agent({ keepAlive: true, maxSockets: 1 });
  const saw: unknown[] = [];
  const ports: (number | undefined)[] = [];
  for (let i = 0; i < 2; i++) {
    const options = { port, host: "127.0.0.1", localAddress: clientAddress, agent, rejectUnauthorized: false };
    const [response] = (await once(isTls ? getTls(options) : get(options), "response")) as [IncomingMessage];
    ports.push(response.socket.localPort);
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    saw.push(JSON.parse(text));
  }
  agent.destroy();
  return { seen: saw, ports };
}

const versions = [
  ["v1", "send-proxy"],
  ["v2", "send-proxy-v2"],
  ["v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"],
  ["v1-or-v2", "send-proxy-v2"],
] as const;

describe("behind a TCP balancer", { skip: needs("haproxy") }, () => {
  for (const [proxyProtocol, words] of versions) {
    for (const isTls of [false, true]) {
      it(`${proxyProtocol} from HAProxy's ${words}${isTls ? ", TLS passed through" : ""}: the server sees the client`, {
        skip: isTls && needs("openssl"),
      }, async (t) => {
        const pair = isTls ? onePair() : null;
        const server = pair === null ? createServer(seen) : createTlsServer(pair, seen);
        const { port, listener } = await listening(server, { proxyProtocol, proxyTrusted: ["127.0.0.1"] });
        try {
          await using proxy = await openProxyServer("haproxy", { port, edit: tcpBalancer(port, words) });
          const front = Number(new URL(proxy.url).port);
          const { seen: saw, ports } = await ask(front, isTls);
          const [clientPort] = ports;
          assert.deepEqual(ports, [clientPort, clientPort], "one connection");
          assert.deepEqual(saw, Array(2).fill([clientAddress, clientPort, "127.0.0.1", front]));
          t.diagnostic(`${proxyVersion("haproxy")}: ${JSON.stringify(saw[0])}`);
        } finally {
          await close(server, listener);
        }
      });
    }
  }

  it("HAProxy's checks are its own connections, and keep the server in the rotation", async () => {
    const server = createServer(seen);
    const { port, listener } = await listening(server, { proxyProtocol: "v2", proxyTrusted: ["127.0.0.1"] });
    try {
      // A check of the port alone is reset behind its header, so that it may be gone before it is taken; this one waits for an answer.
      const edit = tcpBalancer(port, "send-proxy-v2 check check-send-proxy inter 100ms fall 1", "  option httpchk GET /");
      await using proxy = await openProxyServer("haproxy", { port, edit });
      await until("it was checked", async () => listener.intake.counters.own >= 3, 10_000);
      const { seen: saw } = await ask(Number(new URL(proxy.url).port), false);
      assert.equal((saw[0] as unknown[])[0], clientAddress);
    } finally {
      await close(server, listener);
    }
  });

  it("a client that goes round the balancer is not answered, whatever it says of itself", async () => {
    const server = createServer(seen);
    const { port, listener } = await listening(server, { proxyProtocol: "v1", proxyTrusted: ["127.0.0.1"] });
    try {
      await assert.rejects(ask(port, false), /socket hang up|ECONNRESET/);
      assert.equal(listener.intake.counters.refused.proxy_peer_untrusted, 1);
    } finally {
      await close(server, listener);
    }
  });

  it("a balancer that was not told to send the header gets nothing through", async () => {
    const server = createServer(seen);
    const { port, listener } = await listening(server, { proxyProtocol: "v1-or-v2", proxyTrusted: ["127.0.0.1"] });
    try {
      await using proxy = await openProxyServer("haproxy", { port, edit: tcpBalancer(port, "") });
      await assert.rejects(ask(Number(new URL(proxy.url).port), false), /socket hang up|ECONNRESET/);
      assert.equal(listener.intake.counters.refused.proxy_header_missing, 1);
    } finally {
      await close(server, listener);
    }
  });
});

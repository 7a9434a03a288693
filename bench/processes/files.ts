/**
 * Servers of one small file, for the keep-alive lab: HTTP/1.1 and HTTP/2, plain and with one version of TLS each.
 * Several stand in one process, each on a port of its own; they keep connections for longer than any cell takes.
 */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttp2, createSecureServer } from "node:http2";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { answerCalls } from "../lib/child.ts";
import type { Protocol, Version } from "../lib/round-trips/cells.ts";

export interface FilesSettings {
  readonly protocol: Protocol;
  readonly version: Version | null;
  readonly certFile: string;
  readonly keyFile: string;
  readonly fileBytes: number;
}

const keepAliveMs = 600_000;
const servers: Server[] = [];

function make({ protocol, version, certFile, keyFile, fileBytes }: FilesSettings): Server {
  const file = Buffer.alloc(fileBytes, "x");
  const answer = (_: unknown, response: { setHeader(name: string, value: number): unknown; end(body: Buffer): unknown }): void => {
    response.setHeader("content-length", fileBytes);
    response.end(file);
  };
  const listener = answer as RequestListener;
  if (version === null) return protocol === "HTTP/2" ? createHttp2(answer) : createServer({ keepAliveTimeout: keepAliveMs }, listener);
  const secure = { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: version, maxVersion: version };
  return protocol === "HTTP/2" ? createSecureServer(secure, answer) : createSecure({ ...secure, keepAliveTimeout: keepAliveMs }, listener);
}

const calls = {
  open: async (settings: FilesSettings): Promise<number> => {
    const server = make(settings);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve));
    return (server.address() as AddressInfo).port;
  },
};

export type FilesCalls = typeof calls;
answerCalls(calls, () => {
  for (const server of servers) server.close();
});

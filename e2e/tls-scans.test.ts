/**
 * sslscan and testssl, the tools with which operators look at TLS, on a Holdfast server and on a guarded one: what is promised about versions,
 * ciphers, renegotiation and old faults is what they find. A server that is bad on purpose shows that they, and what is made of their reports,
 * would say so.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { guard } from "@holdfast/guard";
import { freePort } from "../bench/lib/listening.ts";
import { type Certificates, certificates } from "../scripts/test-support/certificates.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { until } from "./support/processes.ts";
import { serve } from "./support/serve.ts";
import { type SslscanReport, sslscan, type TestsslReport, testssl } from "./support/tls-scanners.ts";

type Opened = (t: TestContext, made: Certificates) => Promise<number>;

const holdfastServer: Opened = async (t, made) => {
  const { certFile, keyFile } = made.make("holdfast");
  const { port, kill } = await serve(["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--engine", "memory", "--port", "0"]);
  t.after(() => kill("SIGTERM"));
  return port;
};

/** With a key of RSA: only such a one can be asked for key transport, where there is no forward secrecy. */
const guardedServer: Opened = async (t, made) => {
  const { certFile, keyFile } = made.make("guarded", 60, "rsa");
  const server = createHttps({}, (_request, response) => response.end("hello"));
  const guarded = guard(server, {}, { tls: { certFile, keyFile } });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    await guarded.drain({ windowMs: 0, drainMs: 1 });
    guarded.release();
  });
  return (server.address() as AddressInfo).port;
};

/** Everything that openssl can still be talked into. */
const badServer: Opened = async (t, made) => {
  const { certFile, keyFile } = made.make("bad", 60, "rsa");
  const port = await freePort();
  const weak = ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-no_tls1_3", "-legacy_renegotiation", "-client_renegotiation"];
  const child = spawn("openssl", ["s_server", "-accept", `127.0.0.1:${port}`, "-cert", certFile, "-key", keyFile, ...weak, "-www", "-quiet"], {
    stdio: "ignore",
  });
  t.after(() => child.kill());
  await until("openssl listens", () => isOpen(port), 10_000);
  return port;
};

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const forwardSecretAndAuthenticated = /^(?:TLS_(?:AES|CHACHA20)_\w+|ECDHE-(?:RSA|ECDSA)-(?:AES(?:128|256)-GCM-SHA\d+|CHACHA20-POLY1305))$/;

/** What of the promises sslscan found broken. */
function brokenBySslscan({ protocols, renegotiates, heartbeatsTried, heartbeatsLeaking, ciphers, strengths }: SslscanReport): string[] {
  const broken: string[] = [];
  if (protocols.join() !== "tls 1.2,tls 1.3") broken.push(`protocols: ${protocols.join()}`);
  if (renegotiates) broken.push("renegotiation");
  if (heartbeatsTried.length !== protocols.length) broken.push(`heartbeats tried: ${heartbeatsTried.join()}`);
  if (heartbeatsLeaking.length > 0) broken.push(`heartbleed: ${heartbeatsLeaking.join()}`);
  const others = Object.values(ciphers)
    .flat()
    .filter((cipher) => !forwardSecretAndAuthenticated.test(cipher));
  if (others.length > 0) broken.push(`ciphers: ${others.join()}`);
  for (const strength of strengths) if (strength !== "strong" && strength !== "acceptable") broken.push(`strength: ${strength}`);
  return broken;
}

const notOffered = /^not offered/;
const offered = /^offered/;
const notVulnerable = /^not vulnerable/;

/** The checks of testssl that are about promises, and what each of their findings is to be. */
const checks: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  "--protocols": { SSLv2: notOffered, SSLv3: notOffered, TLS1: notOffered, TLS1_1: notOffered, TLS1_2: offered, TLS1_3: offered, ALPN: /\bhttp\/1\.1\b/ },
  "--standard": {
    cipherlist_NULL: notOffered,
    cipherlist_aNULL: notOffered,
    cipherlist_EXPORT: notOffered,
    cipherlist_LOW: notOffered,
    cipherlist_3DES_IDEA: notOffered,
    cipherlist_AVERAGE: notOffered,
    cipherlist_STRONG: offered,
  },
  "--pfs": { PFS: offered },
  "--heartbleed": { heartbleed: notVulnerable },
  "--ccs-injection": { CCS: notVulnerable },
  "--ticketbleed": { ticketbleed: notVulnerable },
  "--robot": { ROBOT: notVulnerable },
  "--renegotiation": { secure_renego: /^supported/, secure_client_renego: notVulnerable },
  "--compression": { CRIME_TLS: notVulnerable },
};

const good: ReadonlySet<string> = new Set(["OK", "INFO"]);

/** What of the promises testssl found broken; `flags` are the checks that were made. What it left out is broken, too. */
function brokenByTestssl(report: TestsslReport, flags: readonly string[]): string[] {
  const wanted = flags.flatMap((flag) => Object.entries(checks[flag] ?? assert.fail(flag)));
  const broken = wanted.filter(([id, finding]) => !finding.test(report.get(id)?.finding ?? "")).map(([id]) => `${id}: ${report.get(id)?.finding}`);
  // What it says of the openssl that it found is not about the server.
  const bad = Array.from(report).filter(([id, { severity }]) => !good.has(severity) && id !== "engine_problem");
  return [...new Set([...broken, ...bad.map(([id, { finding }]) => `${id}: ${finding}`)])];
}

const subjects: readonly (readonly [words: string, open: Opened])[] = [
  ["a Holdfast server", holdfastServer],
  ["a guarded https server", guardedServer],
];

describe("scanners of TLS", { concurrency: true }, () => {
  for (const [words, open] of subjects) {
    it(`sslscan finds nothing to complain of in ${words}`, { skip: needs("sslscan", "openssl") }, async (t) => {
      using made = certificates();
      const report = await sslscan(await open(t, made));
      assert.deepEqual(brokenBySslscan(report), [], JSON.stringify(report));
      assert.deepEqual([report.ciphers["TLSv1.3"]?.length, report.ciphers["TLSv1.2"]?.length], [3, 3]);
    });

    it(`testssl finds nothing to complain of in ${words}`, { skip: needs("testssl", "openssl") }, async (t) => {
      using made = certificates();
      const flags = Object.keys(checks);
      const report = await testssl(await open(t, made), flags, made.folder);
      assert.deepEqual(brokenByTestssl(report, flags), [], JSON.stringify([...report]));
      // A server of `https` speaks nothing else.
      if (open === guardedServer) assert.deepEqual([report.get("ALPN")?.finding, report.has("ALPN_HTTP2")], ["http/1.1", false]);
    });
  }

  it("sslscan complains of a bad server", { skip: needs("sslscan", "openssl") }, async (t) => {
    using made = certificates();
    const broken = brokenBySslscan(await sslscan(await badServer(t, made)));
    assert.deepEqual(
      ["protocols: tls 1.0,tls 1.1,tls 1.2", "renegotiation", "strength: anonymous", "strength: null"].filter((fault) => !broken.includes(fault)),
      [],
      JSON.stringify(broken),
    );
    assert.ok(broken.some((fault) => fault.startsWith("ciphers: ") && fault.includes("AES128-SHA")));
  });

  it("testssl complains of a bad server", { skip: needs("testssl", "openssl") }, async (t) => {
    using made = certificates();
    // The rest takes a minute: such a server has much to be found.
    const flags = ["--protocols"];
    const broken = brokenByTestssl(await testssl(await badServer(t, made), flags, made.folder), flags).map((fault) => fault.split(":")[0]);
    assert.deepEqual(broken.sort(), ["ALPN", "TLS1", "TLS1_1", "TLS1_3"]);
  });
});

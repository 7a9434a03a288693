import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { certificates } from "../../../scripts/test-support/certificates.ts";
import { needs } from "../../../scripts/test-support/needs.ts";
import { endAll, folder, start } from "./support/processes.ts";

after(endAll);
const run = promisify(execFile);

interface Listening {
  readonly url: string;
}

async function serve(words: readonly string[]) {
  const running = start(["serve", "--port", "0", "--engine", "memory", "--no-vitals", "--json", ...words], { cwd: folder() });
  const event = (name: string) => running.lines().find((line) => line.includes(`"event":"${name}"`));
  await running.until(() => event("listening") !== undefined, "it listens");
  const { url } = JSON.parse(event("listening") as string) as Listening;
  return { running, url, port: Number(new URL(url).port), event };
}

test("with a certificate the server speaks https and wss, and takes the next one on SIGHUP", { skip: needs("openssl", "curl") }, async (t) => {
  const made = certificates();
  t.after(() => made[Symbol.dispose]());
  const pair = made.make("first");
  const secretFile = join(made.folder, "secret");
  writeFileSync(secretFile, "a secret that all of the nodes share");
  const { running, url, port } = await serve(["--tls-cert-file", pair.certFile, "--tls-key-file", pair.keyFile, "--tls-ticket-secret-file", secretFile]);
  assert.equal(url, `https://127.0.0.1:${port}`);
  const base = `https://localhost:${port}`;
  const curl = (...words: string[]) => run("curl", ["-sS", "--cacert", pair.certFile, ...words]);
  assert.match((await curl(`${base}/healthz`)).stdout, /"state":"ok"/);
  for (const version of ["1.1", "2"]) {
    assert.equal((await curl("-o", "/dev/null", "-w", "%{http_version}", `--http${version}`, `${base}/v1/streams`)).stdout, version);
  }
  const env = { NODE_EXTRA_CA_CERTS: pair.certFile };
  const published = await start(["publish", "a", "1", "--url", base], { env }).ended;
  assert.equal(published.code, 0, published.stderr);
  const tailed = await start(["tail", "a", "--from", "start", "--count", "1", "--url", base], { env }).ended;
  assert.deepEqual([tailed.code, tailed.stdout.includes("1")], [0, true], tailed.stderr);
  made.replace(pair, made.make("second"));
  running.child.kill("SIGHUP");
  await running.until(() => running.lines().filter((line) => line.includes("certificate_loaded")).length >= 2, "the next certificate is in use");
  assert.match((await curl("-v", `${base}/healthz`)).stderr, /CN=second/);
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
});

test("a listener behind a PROXY header takes no connection without one", async () => {
  const { port, running } = await serve(["--proxy-protocol", "v1", "--proxy-trusted", "127.0.0.0/8", "--log-connections"]);
  const bare = await new Promise((resolve) => get(`http://127.0.0.1:${port}/healthz`, () => resolve("answered")).on("error", () => resolve("closed")));
  assert.equal(bare, "closed");
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
});

test("what cannot be served is said before anything listens", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--tls-cert-file", "/nowhere/a.pem"], /`tlsCertFile` and `tlsKeyFile` together/],
    [["--tls-cert-file", "/nowhere/a.pem", "--tls-key-file", "/nowhere/b.pem"], /unreadable/],
    [["--proxy-protocol", "v1"], /proxyTrusted/],
    [["--proxy-protocol", "maybe"], /proxyProtocol/],
    [["--role", "friend"], /`role` to be browser or proxy/],
  ];
  for (const [words, why] of cases) {
    const { code, stderr } = await start(["serve", "--port", "0", "--engine", "memory", "--no-vitals", ...words], { cwd: folder() }).ended;
    assert.notEqual(code, 0);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

test("in a declared path the timers follow from it, are said, and what contradicts it ends with 2 and the inequality", async () => {
  const file = join(folder(), "path.yaml");
  writeFileSync(file, "- browser\n- aws-alb: { idle_timeout.timeout_seconds: 20s }\n- app: { product: node }\n");
  const { running, url, event } = await serve(["--path", file, "--hop", "app"]);
  const { follows } = JSON.parse(event("listening") as string) as { follows: { keepAliveMs: number; heartbeatMs: number } };
  assert.equal(follows.keepAliveMs, 25_000);
  assert.ok(follows.heartbeatMs > 0 && follows.heartbeatMs * 2.2 < 20_000, `${follows.heartbeatMs}`);
  const keepAlive = await new Promise((resolve, reject) => {
    const headers = { connection: "keep-alive" };
    get(`${url}/healthz`, { agent: false, headers }, (response) => resolve(response.resume().headers["keep-alive"])).on("error", reject);
  });
  assert.equal(keepAlive, "timeout=25");
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
  const refused = async (...words: string[]) => await start(["serve", "--port", "0", "--engine", "memory", ...words], { cwd: folder() }).ended;
  const [late, nowhere, missing] = await Promise.all([
    refused("--path", file, "--keep-alive-ms", "20000"),
    refused("--path", file, "--hop", "api"),
    refused("--path", "/nowhere/path.yaml"),
  ]);
  assert.match(late.stderr, /A1 on aws-alb -> app.*20 s \+ 5 s <= 20 s does not hold, got 20000/);
  assert.match(nowhere.stderr, /one of browser, aws-alb, app, got api/);
  assert.match(missing.stderr, /can not be read/);
  assert.deepEqual([late.code, nowhere.code, missing.code], [2, 2, 2]);
});

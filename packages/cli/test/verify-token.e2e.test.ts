/**
 * The command against a server that asks who its clients are: a token that goes far enough is proved clean, one that does not ends the run
 * with one error and no finding, and no token is shown by anybody.
 */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { VerifyResult } from "../src/verify/result.ts";
import { type Ended, endAll, folder, run, type Server, serve, start } from "./support/processes.ts";

const cwd = folder();
const secret = `canary-${randomBytes(24).toString("hex")}`;
const short = ["--minutes", "0.07"];
const everything = { read: ["verify/**"], publish: ["verify/**"] };
const shown: string[] = [];
const tokens: string[] = [];
let server: Server;

/** An HS256 token, made by hand: this package has no need of a library for it. */
function sign(rights: object, lifeMs = 120_000, subject = "alice"): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const nowSeconds = Date.now() / 1_000;
  // Older than any revocation here: tokens tell whole seconds.
  const claims = { iss: "i", aud: "a", sub: subject, iat: Math.floor(nowSeconds) - 600, exp: Math.ceil(nowSeconds + lifeMs / 1_000), holdfast: rights };
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  const token = `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
  tokens.push(token);
  return token;
}

async function verify(words: readonly string[], env: Record<string, string> = {}, url = server.url): Promise<Ended> {
  const ended = await run(["verify", url, ...short, ...words], { cwd, env });
  shown.push(ended.stdout, ended.stderr);
  return ended;
}

/** What every refused run has in common: the exit, one error, nothing found. */
function assertRefused({ code, stdout, stderr }: Ended, why: RegExp): void {
  assert.equal(code, 4, stdout + stderr);
  const errors = stderr.split("\n").filter((line) => line.includes(" refused "));
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0] as string, why);
  assert.match(stdout, /^REFUSED: nothing can be said of losses/m);
  assert.doesNotMatch(stdout, /lost|missing|DAMAGED|UNREACHABLE/);
}

before(async () => {
  writeFileSync(join(cwd, "secret"), `${secret}\n`);
  const jwt = ["--auth", "jwt", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-secret-file", "secret"];
  server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--heartbeat-ms", "500", ...jwt], { cwd });
});
after(endAll);

suite("a token that may read, publish and end is enough, over every transport", { concurrency: 2 }, () => {
  const file = join(cwd, "token");
  writeFileSync(file, `${sign(everything)}\n`);
  for (const [transport, words, env] of [
    ["websocket", ["--token", sign(everything)], {}],
    ["sse", ["--token-file", file], {}],
    ["poll", [], { HOLDFAST_TOKEN: sign(everything) }],
  ] as const) {
    test(`${transport}, ${words[0] ?? "HOLDFAST_TOKEN"}`, async () => {
      const { code, stdout, stderr } = await verify(["--transport", transport, ...words], env);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, new RegExp(`^CLEAN: nothing lost, duplicated or reordered over ${transport}`, "m"));
    });
  }
});

test("without a token, or with one that has run out, every transport is refused at its first link", async () => {
  for (const transport of ["websocket", "sse", "poll"]) {
    assertRefused(await verify(["--transport", transport]), /refused a link: unauthenticated, expected a token$/);
    assertRefused(await verify(["--transport", transport], { HOLDFAST_TOKEN: sign(everything, -120_000) }), /refused a link: token_expired/);
  }
  const all = await verify([]);
  assertRefused(all, /refused a link: unauthenticated/);
  assert.doesNotMatch(all.stdout, /^(sse|poll):/m);
});

test("a token that may only read is refused the first publish, over every transport", async () => {
  for (const transport of ["websocket", "sse", "poll"]) {
    const ended = await verify(["--transport", transport], { HOLDFAST_TOKEN: sign({ read: ["verify/**"] }) });
    assertRefused(ended, /refused a publish to verify\/\S+: forbidden, not allowed$/);
  }
});

test("a token that may only publish is refused what it wants to read, and what was begun is ended", async () => {
  assertRefused(
    await verify(["--transport", "websocket"], { HOLDFAST_TOKEN: sign({ publish: ["verify/**"] }) }),
    /refused reading verify\/\S+: forbidden, not allowed$/,
  );
  const listed = await run(["streams", "verify/", "--json", "--url", server.url, "--token", sign({ read: ["verify/**"] })]);
  for (const line of listed.stdout.trimEnd().split("\n")) assert.equal((JSON.parse(line) as { closed: boolean }).closed, true, line);
});

test("a token that may not end streams is told so, and which streams stay", async () => {
  const ended = await verify(["--transport", "websocket", "--streams", "1"], { HOLDFAST_TOKEN: sign({ ...everything, close: [] }) });
  assertRefused(ended, /refused the end of verify\/\S+: forbidden/);
  assert.match(ended.stdout, /note: verify\/\S+ could not be ended \(HTTP 403\); it stays until retention removes it/);
});

test("a revocation in the middle ends the run at once, in every form of the report", async () => {
  const report = join(cwd, "verify.xml");
  const reading = sign({ read: ["verify/**"] });
  type Row = { readonly stream: string; readonly entries: number };
  const list = async (): Promise<Row[]> => {
    const answer = await fetch(`${server.url}/v1/streams?prefix=verify/&limit=1000`, { headers: { Authorization: `Bearer ${reading}` } });
    return ((await answer.json()) as { streams: Row[] }).streams;
  };
  const earlier = new Set((await list()).map(({ stream }) => stream));
  const words = ["verify", server.url, "--minutes", "5", "--transport", "websocket", "--json", "--junit", report];
  const verifying = start(words, { cwd, env: { HOLDFAST_TOKEN: sign(everything, 120_000, "eve") }, input: "" });
  const flows = async (): Promise<boolean> => (await list()).some(({ stream, entries }) => !earlier.has(stream) && entries >= 10);
  const endMs = performance.now() + 20_000;
  while (!(await flows())) {
    assert.ok(performance.now() < endMs && verifying.child.exitCode === null, `nothing flows: ${verifying.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const { admin } = JSON.parse(server.lines().find((line) => line.includes("listening")) as string) as { admin: string };
  assert.equal((await fetch(`${admin}/revoke?subject=eve`, { method: "POST" })).status, 200);
  const { code, stdout, stderr } = await verifying.ended;
  shown.push(stdout, stderr, readFileSync(report, "utf8"));
  assert.equal(code, 4, stdout + stderr);
  assert.match(stderr, /refused (the link of|reading|a publish to) .*: unauthenticated, access was revoked$/m);
  const { verdict, interrupted, transports } = JSON.parse(stdout) as VerifyResult;
  assert.deepEqual([verdict, interrupted, transports[0]?.verdict, transports[0]?.findings], ["refused", false, "refused", []]);
  assert.match(readFileSync(report, "utf8"), /name="link">\s*<failure message="refused: /);
});

test("a file that is not there, or holds what no header can carry, is said before anything is done", async () => {
  const absent = await verify(["--token-file", "absent"]);
  assert.deepEqual([absent.code, absent.stdout], [1, ""]);
  assert.match(absent.stderr, /cannot read the token: .*absent/);
  writeFileSync(join(cwd, "lines"), `${sign(everything)}\n${sign(everything)}\n`);
  const lines = await verify(["--token-file", "lines"]);
  assert.deepEqual([lines.code, lines.stdout], [1, ""]);
  assert.match(lines.stderr, /cannot read the token: expected one line/);
});

test("a hop that repeats in its error what it was sent gives no token away", async () => {
  const token = sign(everything);
  const hop = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => response.writeHead(502).end(`${request.method} ${request.headers.authorization} ${body}`));
  });
  await new Promise<void>((resolve) => hop.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(hop.address() as AddressInfo).port}`;
  const { code, stdout } = await verify(["--transport", "sse", "--transport", "poll"], { HOLDFAST_TOKEN: token }, url);
  hop.close();
  assert.equal(code, 3);
  assert.match(stdout, /HTTP 502: POST .*\(the token\)/);
});

test("no token was shown, nor any part of one", () => {
  shown.push(server.stdout(), server.stderr());
  const text = shown.join("\n");
  for (const canary of [secret, ...tokens.flatMap((token) => [token, ...token.split(".").slice(1)])]) assert.ok(!text.includes(canary));
});

/**
 * The commands against a server that asks: tokens by variable, file and flag, what is refused and how it is said, and that no token and no
 * secret is ever shown by anybody.
 */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Ended, endAll, folder, run, type Server, serve, start } from "./support/processes.ts";

const cwd = folder();
// Text, as an operator would write one, and findable where it must not be.
const secret = `canary-${randomBytes(24).toString("hex")}`;
const shown: string[] = [];
let server: Server;

/** An HS256 token, made by hand: this package has no need of a library for it. */
function sign(rights: object, lifeMs = 60_000, subject = "alice"): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const nowSeconds = Date.now() / 1_000;
  const claims = { iss: "i", aud: "a", sub: subject, iat: Math.floor(nowSeconds), exp: Math.ceil(nowSeconds + lifeMs / 1_000), holdfast: rights };
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

const token = sign({ read: ["rooms/*"], publish: ["rooms/*"] });
const tokenFile = join(cwd, "token");

async function holdfast(words: string[], env: Record<string, string> = {}, input = ""): Promise<Ended> {
  const ended = await run(words, { cwd, env: { HOLDFAST_URL: server.url, ...env }, input });
  shown.push(ended.stdout, ended.stderr);
  return ended;
}

before(async () => {
  writeFileSync(join(cwd, "secret"), `${secret}\n`);
  writeFileSync(tokenFile, `${token}\n`);
  const jwt = ["--auth", "jwt", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-secret-file", "secret", "--ticket-secret-file", "secret"];
  server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", ...jwt], { cwd });
});
after(endAll);

test("a token comes by the variable, a file or a flag", async () => {
  assert.equal((await holdfast(["publish", "rooms/1"], { HOLDFAST_TOKEN: token }, "one\n")).code, 0);
  assert.equal((await holdfast(["publish", "rooms/1", "--token-file", tokenFile], {}, "two\n")).code, 0);
  const tail = await holdfast(["tail", "rooms/1", "--from", "start", "--count", "2", "--token", token]);
  assert.deepEqual([tail.code, tail.stdout], [0, '"one"\n"two"\n']);
  const streams = await holdfast(["streams", "--json", "--token-file", tokenFile]);
  assert.deepEqual([streams.code, (JSON.parse(streams.stdout) as { stream: string }).stream], [0, "rooms/1"]);
});

test("what is not allowed is refused, and said", async () => {
  for (const words of [["tail", "rooms/1"], ["publish", "rooms/1", "x"], ["streams"]]) {
    const none = await holdfast(words);
    assert.deepEqual([none.code, /unauthenticated/.test(none.stderr)], [4, true], `${words.join(" ")}: ${none.stderr}`);
  }
  const bad = await holdfast(["tail", "rooms/1"], { HOLDFAST_TOKEN: `${token}x` });
  assert.equal(bad.code, 4);
  const tail = await holdfast(["tail", "secret/1", "--token-file", tokenFile]);
  assert.deepEqual([tail.code, /forbidden/.test(tail.stderr)], [4, true]);
  const publish = await holdfast(["publish", "secret/1", "x", "--token-file", tokenFile]);
  assert.deepEqual([publish.code, /forbidden/.test(publish.stderr)], [4, true]);
});

test("a token of several lines, which no header can carry, is not shown by the error that says so", async () => {
  const file = join(cwd, "lines");
  writeFileSync(file, `${token}\n${token}\n`);
  const ended = await holdfast(["streams", "--token-file", file]);
  assert.deepEqual([ended.code, ended.stdout], [1, ""]);
  assert.match(ended.stderr, /cannot read the token: expected one line of ASCII/);
});

test("a revocation at the admin listener ends what runs, and what comes back", async () => {
  const eve = sign({ read: ["rooms/*"] }, 60_000, "eve");
  const tail = start(["tail", "rooms/1", "--from", "start"], { cwd, env: { HOLDFAST_URL: server.url, HOLDFAST_TOKEN: eve } });
  await tail.until(() => tail.stdout().includes("two"), "the entries");
  const { admin } = JSON.parse(server.lines().find((line) => line.includes("listening")) as string) as { admin: string };
  const revoked = await fetch(`${admin}/revoke?subject=eve`, { method: "POST" });
  assert.deepEqual([revoked.status, await revoked.json()], [200, { revoked: 1 }]);
  const { code, stdout, stderr } = await tail.ended;
  shown.push(stdout, stderr);
  assert.deepEqual([code, /unauthenticated/.test(stderr)], [4, true], stderr);
  assert.equal((await holdfast(["tail", "rooms/1"], { HOLDFAST_TOKEN: eve })).code, 4);
});

test("a file that is not there is said, and tried again until the first link's time is over", async () => {
  const ended = await holdfast(["tail", "rooms/1", "--token-file", "absent", "--connect-ms", "1500"]);
  assert.equal(ended.code, 3);
  assert.match(ended.stderr, /absent/);
});

test("serve says whom it lets in, has no page then, and shows no token and no secret", async () => {
  const text = start(["serve", "--port", "0", "--engine", "memory"], { cwd });
  await text.until(() => text.stdout().includes("Ctrl-C"), "the greeting");
  assert.match(text.stdout(), /on this machine only, and lets every program on it read and write everything/);
  const listening = JSON.parse(server.lines().find((line) => line.includes("listening")) as string) as { auth: string; page: boolean; admin: string };
  assert.deepEqual([listening.auth, listening.page], ["jwt", false]);
  shown.push(server.stdout(), server.stderr(), await (await fetch(`${listening.admin}/metrics`)).text());
  const printed = await run(["serve", "--print-config", "--auth", "jwt", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-secret-file", "secret"], { cwd });
  assert.match(printed.stdout, /jwtSecretFile +secret/);
  shown.push(printed.stdout, printed.stderr);
  const everything = shown.join("\n");
  for (const canary of [secret, token, token.split(".")[1] as string, token.split(".")[2] as string]) assert.ok(!everything.includes(canary));
});

test("a secret that can be guessed, and a file that is not there, are refused at the start", async () => {
  writeFileSync(join(cwd, "short"), "secret");
  const jwt = ["serve", "--port", "0", "--engine", "memory", "--auth", "jwt", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-secret-file"];
  const short = await run([...jwt, "short"], { cwd });
  assert.deepEqual([short.code, /32 bytes/.test(short.stderr)], [1, true], short.stderr);
  const absent = await run([...jwt, "absent"], { cwd });
  assert.deepEqual([absent.code, /absent/.test(absent.stderr)], [1, true], absent.stderr);
});

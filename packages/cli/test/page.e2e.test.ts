// What the page's part of the server gives to whom: its files and nothing else, its controls to its own page alone.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { endAll, type Server, serve } from "./support/processes.ts";

after(endAll);

let server: Server;
let token = "";
before(async () => {
  server = await serve(["--port", "0", "--engine", "memory", "--heartbeat-ms", "1000"]);
  ({ token } = (await (await fetch(`${server.url}/page/config`)).json()) as { token: string });
});

const post = (path: string, body: unknown, headers: Record<string, string> = { "X-Holdfast-Page": token }): Promise<Response> =>
  fetch(`${server.url}${path}`, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });

/** The status of a request written by hand: fetch would tidy up its path and its Host. */
function rawStatus(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<number> {
  const lines = Object.entries({ Host: `127.0.0.1:${server.port}`, Connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(server.port), "127.0.0.1");
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("close", () => resolve(Number(answer.slice(9, 12))));
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  });
}

test("the document names everything that it needs, all of it is here, and nothing may come from elsewhere", async () => {
  const response = await fetch(`${server.url}/`);
  const html = await response.text();
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/html; charset=utf-8$/);
  for (const part of ["default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
    assert.ok(response.headers.get("content-security-policy")?.includes(part), part);
  }
  assert.doesNotMatch(response.headers.get("content-security-policy") ?? "", /unsafe/);
  assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
  const addresses = [...html.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(([, address]) => address as string);
  assert.ok(addresses.length > 20);
  for (const address of new Set(addresses)) {
    const file = await fetch(`${server.url}${address}`);
    assert.equal(file.status, 200, address);
    assert.equal(file.headers.get("x-content-type-options"), "nosniff");
    const text = await file.text();
    if (/\/modules\//.test(address)) {
      assert.match(file.headers.get("content-type") ?? "", /^text\/javascript/);
      assert.doesNotMatch(text, /^import type|^interface /m, address);
    }
  }
  const head = await fetch(`${server.url}/`, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, String(Buffer.byteLength(html)), ""]);
});

test("no path leads to a file that is not of the page", async () => {
  const hostile = [
    "/page/modules/client/../../../../package.json",
    "/page/modules/client/..%2f..%2f..%2fpackage.json",
    "/page/modules/client/%2e%2e/%2e%2e/package.json",
    "/page/modules/client/..\\..\\package.json",
    "/page/modules/server/index.ts",
    "/page/modules/page/tsconfig.json",
    "/page/index.html",
    "/page/page.css/",
    "/page/page.css%00.js",
    "/page//etc/passwd",
    "/page/__proto__",
    "/page/constructor",
  ];
  for (const path of hostile) {
    // Without the token one does not even hear that there is nothing.
    assert.equal(await rawStatus(path), 403, path);
    assert.equal(await rawStatus(path, { "X-Holdfast-Page": token }), 404, path);
  }
  assert.equal(await rawStatus("/pages"), 404);
});

test("controls are for a page of this server, with its token and over its own name", async () => {
  const forms = ["/page/config", "/page/lines/x", "/"];
  for (const path of forms) assert.equal(await rawStatus(path, { Host: "evil.example" }), 421, path);
  for (const path of forms) assert.equal(await rawStatus(path, { Origin: "http://evil.example" }), 403, path);
  // Another port of this machine is another program, whatever its name is.
  assert.equal(await rawStatus("/page/config", { Origin: "http://127.0.0.1:1" }), 403);
  for (const site of ["cross-site", "same-site"]) assert.equal(await rawStatus("/page/config", { "Sec-Fetch-Site": site }), 403, site);
  assert.equal(await rawStatus("/page/config", { "Sec-Fetch-Site": "same-origin", Origin: `http://127.0.0.1:${server.port}` }), 200);
  for (const headers of [{}, { "X-Holdfast-Page": "" }, { "X-Holdfast-Page": token.slice(1) }, { "X-Holdfast-Page": `${token}${token}` }]) {
    for (const path of ["/page/lines", "/page/faults"]) assert.equal((await post(path, {}, headers as Record<string, string>)).status, 403);
  }
  assert.equal((await fetch(`${server.url}/v1/streams/page/numbers`)).status, 404, "nothing is published before a page was opened");
});

test("what cannot be understood is refused, and changes nothing", async () => {
  for (const body of ["", "null", "[]", "{", '"x"', { port: 80 }, { port: "4150" }, { port: 1e9 }, { port: 2_000.5 }, "x".repeat(2_000)]) {
    assert.equal((await post("/page/lines", body)).status, 400, JSON.stringify(body));
  }
  for (const body of [{}, { line: 1, cut: "reset" }, { line: "x" }, { line: "x", cut: "constructor" }, { line: "x", cut: "toString" }]) {
    assert.equal((await post("/page/faults", body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await post("/page/faults", { line: "x", cut: "reset" })).status, 404);
  assert.equal((await fetch(`${server.url}/page/faults`, { method: "DELETE", headers: { "X-Holdfast-Page": token } })).status, 405);
  assert.equal((await fetch(`${server.url}/`, { method: "POST" })).status, 405);
});

test("a line is opened, looked at, cut and mended; the numbered entries begin with it, and a page may connect through it", async () => {
  const opened = await post("/page/lines", {});
  assert.equal(opened.status, 201);
  const line = (await opened.json()) as { id: string; port: number; cuts: string[] };
  assert.equal((await fetch(`${server.url}/v1/streams/page/numbers?after=last:1`)).status, 200);
  const cut = (await (await post("/page/faults", { line: line.id, cut: "buffer" })).json()) as { cuts: string[] };
  assert.deepEqual([line.cuts, cut.cuts], [[], ["buffer"]]);
  assert.deepEqual(((await (await post("/page/faults", { line: line.id, cut: "mend" })).json()) as { cuts: string[] }).cuts, []);
  assert.equal((await fetch(`${server.url}/page/lines/${line.id}`, { headers: { "X-Holdfast-Page": token } })).status, 200);
  // The page's origin is the server's own port, its Host the line's.
  const through = `http://127.0.0.1:${line.port}/healthz`;
  assert.equal((await fetch(through, { headers: { Origin: `http://127.0.0.1:${server.port}` } })).status, 200);
  assert.equal((await fetch(through, { headers: { Origin: `http://localhost:${server.port}` } })).status, 200);
  assert.equal((await fetch(through, { headers: { Origin: "http://evil.example" } })).status, 403);
  assert.equal((await fetch(through, { headers: { Origin: `http://evil.example:${server.port}` } })).status, 403);
});

test("a pause stops the whole server and ends by itself; a second one at once is refused", async () => {
  const { pauseMs } = (await (await fetch(`${server.url}/page/config`)).json()) as { pauseMs: number };
  const startMs = performance.now();
  const [paused, again] = [await post("/page/faults", { cut: "pause" }), await post("/page/faults", { cut: "pause" })];
  assert.deepEqual([paused.status, again.status], [202, 503]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs > pauseMs - 50 && tookMs < pauseMs + 3_000, `${tookMs} ms`);
  assert.match(server.stdout(), /"event":"pausing"/);
});

test("with --no-page there is none, nor anything of it", async () => {
  const bare = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--no-page"]);
  for (const path of ["/", "/page/config", "/page/page.css"]) assert.equal((await fetch(`${bare.url}${path}`)).status, 404, path);
  bare.child.kill("SIGTERM");
  assert.equal((await bare.ended).code, 0);
});

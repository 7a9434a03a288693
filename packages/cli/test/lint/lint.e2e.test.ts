/** `holdfast lint` as a process: files, folders, standard input, exits. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { exits } from "../../src/exit-codes.ts";
import { endAll, folder, run, start } from "../support/processes.ts";

after(endAll);

/** A folder with these files. */
function tree(files: Readonly<Record<string, string>>): string {
  const at = folder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return at;
}

const unused = "# nginx/1.24.0\nupstream app {\n\tserver 127.0.0.1:1;\n\tkeepalive 8;   # never used\n}\nserver { location / { proxy_pass http://app; } }\n";
const broken = "# nginx/1.24.0\nserver { location / { proxy_pass http://127.0.0.1:1; proxy_set_header Upgrade $http_upgrade; } }\n";
const fine = "# nginx/1.24.0\nserver { location / { proxy_pass http://127.0.0.1:1; } }\n";

describe("holdfast lint", { concurrency: 2 }, () => {
  test("shows the line with a mark, what happens, the lines to write and the page; and counts", async () => {
    const at = tree({ "nginx.conf": unused });
    const { code, stdout } = await run(["lint", "nginx.conf"], { cwd: at });
    assert.equal(code, exits.ok.code);
    assert.match(stdout, /^warning nginx_pool_unused nginx\.conf:4$/m);
    assert.match(stdout, /^ {6}4 \| {5}keepalive 8; {3}# never used\n {8}\| {5}\^{12}$/m);
    assert.match(stdout, /^ {2}what happens: Each request opens/m);
    assert.match(stdout, /^ {6}proxy_http_version 1\.1;$/m);
    assert.match(stdout, /^ {2}docs\/findings\/nginx_pool_unused\.md$/m);
    assert.match(stdout, /^0 errors, 1 warning, 0 notes; nginx: 1 file, \d+ rules, judged as 1\.24\.0$/m);
    assert.ok(!stdout.includes("\x1b"));
  });

  test("ends with 10 for an error, with --strict for a warning, and shows no less than what was asked for", async () => {
    const at = tree({ "warn.conf": unused, "error.conf": broken, "fine.conf": fine });
    const codeOf = async (...words: string[]) => (await run(["lint", ...words], { cwd: at })).code;
    assert.equal(await codeOf("warn.conf"), exits.ok.code);
    assert.equal(await codeOf("warn.conf", "--strict"), exits.findings.code);
    assert.equal(await codeOf("error.conf"), exits.findings.code);
    assert.equal(await codeOf("fine.conf", "--strict"), exits.ok.code);
    const { stdout, code } = await run(["lint", "warn.conf", "--severity", "error", "--strict"], { cwd: at });
    assert.equal(code, exits.findings.code);
    assert.match(stdout, /^0 errors, 1 warning, 0 notes; .*; 1 not shown \(--severity\)$/m);
    assert.ok(!stdout.includes("nginx_pool_unused"));
  });

  test("says what was looked at when there is nothing to say, and which version was assumed", async () => {
    const at = tree({ "nginx.conf": "server { location / { proxy_pass http://127.0.0.1:1; } }" });
    assert.match((await run(["lint", at])).stdout, /^nothing found; nginx: 1 file, \d+ rules, judged as [\d.]+ \(assumed: --nginx-version says which\)\n$/);
    assert.match((await run(["lint", at, "--nginx-version", "1.22"])).stdout, /judged as 1\.22\n$/);
    assert.equal((await run(["lint", at, "--nginx-version", "new"])).code, exits.usage.code);
  });

  test("follows includes and looks through folders; what else lies there is left alone", async () => {
    const at = tree({
      "nginx/nginx.conf": "# nginx/1.24.0\nevents { worker_connections 1000; }\nhttp { include conf.d/*.conf; include missing.conf; }\n",
      "nginx/conf.d/up.conf": "upstream app { server 127.0.0.1:1; keepalive 8; }",
      "nginx/conf.d/site.conf": "server { location / { include /etc/nginx/proxy; proxy_pass http://app; } }",
      "nginx/proxy": 'proxy_http_version 1.1;\nproxy_set_header Connection "";\n',
      "nginx/readme.md": "server {\n listen 80;\n}\n",
      "nginx/logo.conf": "\0\0;\n",
    });
    for (const operand of [at, join(at, "nginx/nginx.conf")]) {
      const { stdout, code } = await run(["lint", "--json", operand]);
      const { findings, tools, unknown } = JSON.parse(stdout) as {
        findings: { finding: { code: string; place: { file: string; line: number } } }[];
        tools: { files: string[] }[];
        unknown: string[];
      };
      assert.equal(code, exits.ok.code);
      assert.deepEqual(
        findings.map(({ finding: { code: each, place } }) => `${each} ${place.file.slice(at.length)}:${place.line}`),
        ["lint_include_missing /nginx/nginx.conf:3"],
      );
      assert.deepEqual(tools[0]?.files.map((file) => file.slice(at.length)).sort(), [
        "/nginx/conf.d/site.conf",
        "/nginx/conf.d/up.conf",
        "/nginx/nginx.conf",
        "/nginx/proxy",
      ]);
      assert.deepEqual(unknown, []);
    }
  });

  test("holds a file against the rest of a declared path, and names the line of each side", async () => {
    const edge = (timer: string): string =>
      `# nginx/1.24.0\nserver {\n  listen 80;\n  keepalive_timeout ${timer};\n  location / { proxy_pass http://127.0.0.1:1; }\n}\n`;
    const at = tree({
      "nginx.conf": edge("30s"),
      "right.conf": edge("120s"),
      "path.yaml": "path:\n  - aws-alb: { idle_timeout.timeout_seconds: 60s }\n  - nginx\n",
      "bad.yaml": "path: 5\n",
    });
    const { code, stdout } = await run(["lint", "nginx.conf", "--path", "path.yaml"], { cwd: at });
    assert.equal(code, exits.findings.code);
    assert.match(stdout, /^error keepalive_race nginx\.conf:4$/m);
    assert.match(stdout, /^ {2}also: path\.yaml:2$/m);
    assert.match(stdout, /^ {6}nginx: keepalive_timeout \d+s; /m);
    const right = await run(["lint", "right.conf", "--path", "path.yaml", "--severity", "warning"], { cwd: at });
    assert.deepEqual([right.code, right.stdout.includes("keepalive_race")], [exits.ok.code, false]);
    const wrong = await run(["lint", "nginx.conf", "--path", "bad.yaml"], { cwd: at });
    assert.equal(wrong.code, exits.usage.code);
    assert.match(wrong.stderr, /^holdfast lint: bad_path: bad\.yaml:1: /);
  });

  test("reads standard input", async () => {
    const { child, ended } = start(["lint", "-"]);
    child.stdin?.end(broken);
    const { code, stdout } = await ended;
    assert.equal(code, exits.findings.code);
    assert.match(stdout, /^error nginx_websocket_headers <stdin>:2$/m);
  });

  test("takes apart what nginx -T prints: places are those of the files", async () => {
    const main = "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp {\n  include /etc/nginx/conf.d/*.conf;\n}\n\n";
    const { child, ended } = start(["lint", "-", "--as", "nginx", "--nginx-version", "1.24.0"]);
    child.stdin?.end(`nginx: the configuration file is ok\n${main}# configuration file /etc/nginx/conf.d/app.conf:\n${unused}`);
    const { code, stdout } = await ended;
    assert.equal(code, exits.ok.code);
    assert.match(stdout, /^warning nginx_pool_unused \/etc\/nginx\/conf\.d\/app\.conf:4$/m);
    assert.match(stdout, /^0 errors, 1 warning, 0 notes; nginx: 2 files/m);
    assert.match(stdout, /^ {6}4 \| {5}keepalive 8;/m);
  });

  test("refuses what is not there, and a file of no tool unless it is told whose it is", async () => {
    const at = tree({ "strange.txt": "hello\n" });
    const missing = await run(["lint", "gone.conf"], { cwd: at });
    assert.deepEqual([missing.code, missing.stderr], [exits.usage.code, "holdfast lint: gone.conf: there is no such file or folder\n"]);
    const strange = await run(["lint", "strange.txt"], { cwd: at });
    assert.equal(strange.code, exits.usage.code);
    assert.match(strange.stderr, /strange\.txt is of no tool that lint knows \(nginx, .*\); --as TOOL says which it is/);
    const told = await run(["lint", "strange.txt", "--as", "nginx"], { cwd: at });
    assert.match(told.stdout, /^error lint_syntax strange\.txt:1$/m);
  });

  test("lets nothing of a file act on the terminal", async () => {
    const at = tree({ "nginx.conf": `${broken.trim()} # \x1b[31m\u202Ered\n` });
    const { stdout } = await run(["lint", "nginx.conf"], { cwd: at });
    assert.ok(!stdout.includes("\x1b") && !stdout.includes("\u202E"));
    assert.match(stdout, /\\u001b\[31m/);
  });
});

/** The fixtures are configurations that nginx itself takes, as far as its build has what they use. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { certificates } from "../../../../../scripts/test-support/certificates.ts";
import { needs } from "../../../../../scripts/test-support/needs.ts";
import { nginxTool } from "../../../src/lint/nginx/index.ts";
import { parseNginx } from "../../../src/lint/nginx/parser.ts";
import { filesIn, nothingAsked, said } from "../support/fixtures.ts";

const skip = needs("nginx", "openssl");
const site = join(import.meta.dirname, "fixtures", "site");
let folder = "";

before(() => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), "holdfast-nginx-"));
  cpSync(site, folder, { recursive: true });
  using made = certificates();
  const { cert, key } = made.make("localhost", 2, "rsa");
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "ticket.key"), Buffer.alloc(48, 7));
  writeFileSync(join(folder, "mime.types"), "types { text/html html; }\n");
});
after(() => {
  if (folder !== "") rmSync(folder, { recursive: true });
});

/** Whether nginx takes the text as its whole configuration. */
function check(text: string): { readonly status: number | null; readonly output: string } {
  const file = join(folder, "nginx.conf");
  writeFileSync(file, text);
  const globals = `error_log stderr; pid ${join(folder, "pid")};`;
  const { status, stderr } = spawnSync("nginx", ["-t", "-p", folder, "-c", file, "-g", globals], { encoding: "utf8", timeout: 30_000 });
  return { status, output: stderr };
}

/** `stream {}` is a module of its own, which is not installed everywhere. */
const withoutStream = (text: string): string => text.replace(/^stream \{\n[\s\S]*?^\}\n/m, "");
/** HTTP/2 towards backends came with 1.29.4, which few have. */
const older = (text: string): string => text.replace("proxy_http_version 2;", "proxy_http_version 1.1;");
/** Fragments get the blocks around them. */
const asWhole = (text: string): string => (/^http \{/m.test(text) ? text : `events {}\nhttp {\n${text}\n}\n`);

describe("nginx itself", { skip }, () => {
  const builtIn = (): boolean => !check("events {}\nstream {}\n").output.includes("unknown directive");

  for (const kind of ["good", "bad"] as const) {
    for (const { file, text } of filesIn(import.meta.dirname, kind)) {
      test(`takes ${kind}/${file}`, () => {
        const { status, output } = check(asWhole(older(builtIn() ? text : withoutStream(text))));
        assert.equal(status, 0, output);
      });
    }
  }

  test("takes the configuration of several files, of which lint says nothing", () => {
    const { status, output } = check(readFileSync(join(site, "nginx.conf"), "utf8"));
    assert.equal(status, 0, output);
  });

  test("warns of the order in which lint says that the pool is lost", () => {
    const text = filesIn(import.meta.dirname, "bad").find(({ file }) => file === "api.conf")?.text ?? "";
    assert.match(check(text).output, /load balancing method redefined/);
  });

  test("refuses what the parser refuses, at the same line", () => {
    for (const text of [
      "events {\n",
      "events {}\n}\n",
      'events {}\nhttp {\n  add_header a "b;\n}\n',
      "events {}\nhttp {\n  ;\n}\n",
      "events {}\nhttp { server { location ~ ^/a{2} { return 200; } } }\n",
      "events {}\nhttp {\n  keepalive_timeout 5s\n}\n",
    ]) {
      assert.equal(check(text).status, 1, text);
      assert.ok(parseNginx("nginx.conf", text).faults.length > 0, text);
    }
  });
});

test("several files that include one another are read as one, and nothing is said of them", () => {
  const files = ["nginx.conf", "conf.d/backend.conf", "conf.d/site.conf", "snippets/backend.conf"].map((file) => ({
    file: `site/${file}`,
    text: readFileSync(join(site, file), "utf8"),
  }));
  const { findings, routes, version } = nginxTool.read(files, nothingAsked);
  assert.deepEqual(said(findings), []);
  assert.deepEqual(version, { version: "1.22.1", from: "file" });
  assert.deepEqual(
    routes.map(({ listens, forwards }) => [listens, forwards]),
    Array.from({ length: 2 }, () => [["127.0.0.1:8083"], ["127.0.0.1:9000", "127.0.0.1:9001"]]),
  );
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { needs } from "../../../../../scripts/test-support/needs.ts";
import { haproxyTool } from "../../../src/lint/haproxy/index.ts";
import { filesIn, nothingAsked, said } from "../support/fixtures.ts";
import { runWith } from "../support/run-tool.ts";

/** A certificate where a file names one: HAProxy reads it. */
const certificate = (): string => {
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    "-",
    "-out",
    "-",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
  ];
  return spawnSync("openssl", args, { encoding: "utf8" }).stdout;
};

/** Folders and users of another machine give way to what is here. */
const here = (text: string): string => text.replaceAll(/crt \S+/g, "crt site.pem").replaceAll(/^ *(user|group|stats socket) .*$/gm, "");

const check = (text: string): { status: number | null; output: string } => {
  const { status, stdout, stderr } = runWith({ "haproxy.cfg": here(text), "site.pem": pem }, "haproxy", ["-c", "-f", "haproxy.cfg"], { CONNECT_TIMEOUT: "5s" });
  return { status, output: stdout + stderr };
};
const skip = needs("haproxy", "openssl");
const pem = skip === false ? certificate() : "";

test("HAProxy takes the good files without a warning, and refuses only those that lint says it refuses", { skip }, () => {
  for (const { file, text } of filesIn(import.meta.dirname, "good")) {
    const { status, output } = check(text);
    assert.equal(status, 0, `${file}: ${output}`);
    assert.doesNotMatch(output, /WARNING/, file);
  }
  for (const source of filesIn(import.meta.dirname, "bad")) {
    const { status, output } = check(source.text);
    const gone = said(haproxyTool.read([source], { versions: { haproxy: "2.6" }, behind: null }).findings).filter((each) => each.startsWith("haproxy_gone"));
    assert.equal(status, gone.length > 0 ? 1 : 0, `${source.file}: ${output}`);
  }
});

test("where HAProxy warns of timers that do nothing or are missing, lint does", { skip }, () => {
  const text =
    "defaults\n mode http\nfrontend f\n bind :8080\n timeout tunnel 1h\n default_backend b\nbackend b\n timeout client 5s\n server s 127.0.0.1:3000\n";
  const { output } = check(text);
  for (const line of [5, 8]) assert.match(output, new RegExp(`haproxy.cfg:${line}\\] : 'timeout .*' will be ignored`));
  assert.match(output, /missing timeouts for frontend 'f'/);
  const findings = said(haproxyTool.read([{ file: "haproxy.cfg", text }], nothingAsked).findings);
  assert.ok(findings.includes("haproxy_timeout_ignored:5") && findings.includes("haproxy_timeout_ignored:8"));
  assert.equal(findings.filter((each) => each.startsWith("haproxy_timeouts_missing")).length, 3);
});

test("configurations that the documentation shows give nothing to say", () => {
  for (const name of ["haproxy.cfg", "haproxy-http2.cfg", "haproxy-grpc.cfg"]) {
    const source = { file: name, text: readFileSync(new URL(`../../../../../docs/proxies/${name}`, import.meta.url), "utf8") };
    assert.deepEqual(said(haproxyTool.read([source], nothingAsked).findings), [], name);
  }
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { needs } from "../../../../../scripts/test-support/needs.ts";
import { caddyTool } from "../../../src/lint/caddy/index.ts";
import { filesIn, nothingAsked, said } from "../support/fixtures.ts";
import { runWith } from "../support/run-tool.ts";

/** What came after the version that is packaged: 2.6 knows neither heredocs nor these options. */
const newer = /^\s*(stream_timeout|stream_close_delay) .*$|^\s*respond \/about <<TEXT[\s\S]*?TEXT 200$/gm;

const adapt = (text: string): { status: number | null; stderr: string } =>
  runWith({ Caddyfile: text.replaceAll(newer, "") }, "caddy", ["adapt", "--adapter", "caddyfile", "--config", "Caddyfile"]);

test("Caddy takes the good files and those bad ones that are whole, and refuses the broken one", { skip: needs("caddy") }, () => {
  const files = [...filesIn(import.meta.dirname, "good"), ...filesIn(import.meta.dirname, "bad")].filter(({ file }) => file !== "caddy.json");
  for (const { file, text } of files) {
    const { status, stderr } = adapt(text);
    assert.equal(status, file.startsWith("broken") ? 1 : 0, `${file}: ${stderr}`);
  }
});

test("the configuration that the documentation shows gives nothing to say", () => {
  const text = readFileSync(new URL("../../../../../docs/proxies/Caddyfile", import.meta.url), "utf8");
  assert.deepEqual(said(caddyTool.read([{ file: "Caddyfile", text }], nothingAsked).findings), []);
});

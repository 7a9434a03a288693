// docs/cli.md says what the code says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandRows } from "../src/commands.ts";
import { exits } from "../src/exit-codes.ts";
import { cliOptionDocs } from "../src/options.ts";
import { serveSettings } from "../src/serve/config.ts";
import { flagName } from "../src/serve/settings.ts";
import { vitals } from "../src/vitals/ticker.ts";

const page = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
const section = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? assert.fail(`no section ${title}`);

test("the page has every exit code with its meaning, and no other", () => {
  const rows = [...section("Exit codes").matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => ({ code: Number(code), meaning }));
  assert.deepEqual(
    rows,
    Object.values(exits).map(({ code, meaning }) => ({ code, meaning })),
  );
});

for (const [name, row] of Object.entries(commandRows)) {
  test(`the page has the flags of ${name}, and no other`, async () => {
    const { spec } = await row.load();
    const settings = new Set(serveSettings.map((setting) => flagName(setting.name)));
    const own = Object.keys(cliOptionDocs).map((setting) => (["vitals", "page", "admin"].includes(setting) ? `no-${setting}` : flagName(setting)));
    const expected = name === "serve" ? [...Object.keys(spec.flags).filter((flag) => !settings.has(flag)), ...own] : Object.keys(spec.flags);
    const written = [...section(`holdfast ${name}`).matchAll(/^\| `--([a-z0-9-]+)[ `]/gm)].map(([, flag]) => flag);
    const documented = name === "serve" ? written.filter((flag) => flag !== "heartbeat-ms") : written;
    assert.deepEqual(documented.sort(), expected.sort());
  });
}

test("the page has every vital sign", () => {
  for (const { stream } of vitals) assert.ok(section("holdfast serve").includes(`| \`${stream}\` |`), stream);
});

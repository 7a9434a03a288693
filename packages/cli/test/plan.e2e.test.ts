// `holdfast plan`: what a path file may say, what is printed, and how it ends.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathExample, planPath } from "@holdfast/path";
import { parsePathFile } from "../src/adapters/path-file.ts";
import { planText, wrap } from "../src/plan/text.ts";

const style = { colour: false, charsMax: 80 };

const textOf = (file: string): string => {
  const path = parsePathFile("path.yaml", file);
  assert.ok(path.ok, path.ok ? "" : path.message);
  return planText(planPath(path.value), style);
};

describe("a path file", () => {
  const faultOf = (text: string): string => {
    const read = parsePathFile("path.yaml", text);
    if (!read.ok) return read.message;
    try {
      planPath(read.value);
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return "nothing";
  };

  test("may be a bare list, or a mapping with everything", () => {
    assert.ok(parsePathFile("path.yaml", "- cloudflare\n- node\n").ok);
    const whole = parsePathFile("path.yaml", pathExample);
    assert.ok(whole.ok);
    assert.deepEqual(whole.value.hops.map(({ name, product }) => [name, product]).at(3), ["api", "node"]);
    assert.deepEqual(whole.value.streams, { kinds: ["websocket", "event-stream"], heartbeatMs: 25_000 });
    assert.deepEqual(whole.value.needs, { answerMs: 20_000, connections: 2_000, surge: 2 });
    assert.equal(whole.value.hops[2]?.version, "1.29.7");
    assert.deepEqual(whole.value.hops[1]?.places, { "idle_timeout.timeout_seconds": { file: "path.yaml", line: 4 } });
  });

  for (const [what, text, message] of [
    ["an empty file", "", /^bad_path: path.yaml:1: the path: expected a list of hops, from the user inward, such as\n\n# From/],
    ["an unknown hop", "- ngnix\n", /^bad_path: path.yaml:1: ngnix: `product`: expected a product that is known/],
    [
      "a time without a unit",
      "- node\n- nginx:\n    keepalive_timeout: 60\n",
      /path.yaml:3: `\[1\].nginx.keepalive_timeout`: expected a time with its unit.*got 60$/,
    ],
    ["a knob of another hop", "path:\n  - nginx: { keepAliveTimeout: 60s }\n", /path.yaml:2: .*did you mean `keepalive_timeout`/],
    ["a key that nobody knows", "path: [node]\nstream: {}\n", /`stream`: expected one of path, products, streams, needs, rtt \(did you mean `streams`\?\)/],
    ["a version that YAML took for a number", "- nginx: { version: 1.10 }\n", /a version in quotes.*got 1.1$/],
    [
      "a value out of range",
      "- alb: { idle_timeout.timeout_seconds: 2h }\n",
      /path.yaml:1: alb: `idle_timeout.timeout_seconds`: expected a time from 1 s to 4000 s, got 2 h$/,
    ],
    ["two hops of a name", "- node\n- node\n", /path.yaml:2: .*a name of its own/],
    ["a knob with a letter missing", 'path:\n  - nginx: { "upstream keepalive_timout": 60s }\n', /did you mean `upstream keepalive_timeout`/],
    ["a product of two kinds", "- kube-proxy\n", /did you mean `kube-ipvs`/],
    ["what is no YAML", "- [\n", /^path.yaml: /],
    ["a need that nobody has", "path: [node]\nneeds: { speed: 3 }\n", /`needs.speed`: expected one of answer, /],
    ["a beat of unknown bytes", "path: [node]\nstreams: { heartbeatOf: smoke }\n", /expected one of both_ways, to_client/],
  ] as const) {
    test(`is refused with the key and the line: ${what}`, () => assert.match(faultOf(text), message));
  }

  test("declares hops of its own", () => {
    const own = [
      "path: [gateway, node]",
      "products:",
      "  gateway:",
      "    kind: proxy",
      "    retries: idempotent",
      "    knobs:",
      "      pool idle: { classes: [A], side: server, default: 30s, max: 2m }",
      "      silence: { classes: [C], side: through, default: 40s, resetBy: either payload, ends: [silent] }",
    ].join("\n");
    const path = parsePathFile("path.yaml", own);
    assert.ok(path.ok, path.ok ? "" : path.message);
    const { links, streams, violations } = planPath(path.value);
    assert.equal(links[0]?.senderIdle?.value, 30_000);
    assert.equal(streams.silenceMs, 40_000);
    assert.deepEqual(
      violations.map(({ rule }) => rule),
      ["A1"],
    );
  });
});

describe("the text", () => {
  test("shows the path, each link, what breaks with both ways out, and what to write", () => {
    const text = textOf("- cloudflare\n- alb\n- nginx: { version: 1.29.7 }\n- node: { replicas: 2 }\n");
    for (const part of [
      "cloudflare > alb > nginx > node x2\n",
      "Kept connections: the sender gives up first, the receiver ends later\n",
      "NOT  cloudflare -> alb    15 min  60 s  A1: 15 min + 90 s <= 60 s\n",
      "ok   alb -> nginx           60 s  75 s\n",
      "NOT  nginx -> node          60 s   6 s  A1: 60 s + 6 s <= 6 s\n",
      "error A1  nginx -> node  (keepalive_race)\n",
      "  needs  60 s + 6 s <= 6 s\n",
      "  either node: keepAliveTimeout 66 s\n         costs: node holds idle connections for up to 66 s: descriptors and\n",
      "  or     nginx: upstream keepalive_timeout 4 s\n",
      "* alb         idle_timeout.timeout_seconds   990 s  A1\n",
      "  heartbeat   every 12 s, at most 25 s: nginx ends a silent stream after 60 s\n",
      "\n2 errors, 1 warning, ",
    ]) {
      assert.ok(text.includes(part), `${part} in\n${text}`);
    }
  });

  test("stays within 80 columns, where words can be broken", () => {
    for (const line of textOf(pathExample).split("\n")) assert.ok(line.length <= 80, line);
    assert.deepEqual(wrap("one two three", "  ", 9), ["  one two", "  three"]);
  });

  test("says so when everything holds", () => {
    const text = textOf("- alb\n- node: { keepAliveTimeout: 120s }\n");
    assert.match(text, /\nEvery inequality holds\.\n$/);
    assert.doesNotMatch(text, /NOT|error|warning/);
  });

  test("can not be made to act on a terminal by a name in the file", () => {
    assert.ok(!textOf('- "no\\u001b[2Jde": { product: node }\n').includes("\u001b"));
  });

  test("is coloured where there is a terminal", () => {
    const path = parsePathFile("path.yaml", "- nginx\n- node\n");
    assert.ok(path.ok);
    assert.ok(planText(planPath(path.value), { ...style, colour: true }).includes("\u001b[38;5;160mNOT"));
  });
});

describe("the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-plan-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const holdfast = (...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const main = new URL("../src/main.ts", import.meta.url).pathname;
      const flags = process.execArgv.filter((each) => !each.startsWith("--test"));
      execFile(process.execPath, [...flags, main, "plan", ...words], { cwd: folder }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };

  test("ends by what it found: 0, 10, and 2 for what is no path", async () => {
    const race = file("race.yaml", "- nginx\n- node\n");
    const close = file("close.yaml", "- alb\n- node: { keepAliveTimeout: 62s }\n");
    const [nothing, example, found, json, warned, strict, wrong, missing] = await Promise.all([
      holdfast(),
      holdfast("--example"),
      holdfast(race),
      holdfast(race, "--json"),
      holdfast(close),
      holdfast(close, "--strict"),
      holdfast(file("wrong.yaml", "- ngnix\n")),
      holdfast("nowhere.yaml"),
    ]);
    assert.deepEqual(
      [nothing, example, found, json, warned, strict, wrong, missing].map(({ code }) => code),
      [2, 0, 10, 10, 0, 10, 2, 2],
    );
    assert.match(nothing.stderr, /no path\.yaml here.*\n\n# From the user inward/);
    assert.equal(example.stdout, pathExample);
    assert.match(found.stdout, /NOT {2}nginx -> node/);
    const report = JSON.parse(json.stdout) as { violations: { code: string; finding: { advice: string[] } }[]; links: { sender: string }[] };
    assert.equal(report.violations[0]?.code, "keepalive_race");
    assert.equal(report.links[0]?.sender, "nginx");
    assert.match(wrong.stderr, /wrong\.yaml:1: ngnix/);
    assert.match(missing.stderr, /nowhere\.yaml can not be read/);
  });

  test("reads ./path.yaml by itself", async () => {
    file("path.yaml", "- alb\n- node: { keepAliveTimeout: 120s }\n");
    const { code, stdout } = await holdfast();
    assert.deepEqual([code, stdout.includes("Every inequality holds.")], [0, true]);
  });
});

describe("the pages", () => {
  const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

  test("docs/ladder.md shows what the command prints of its example", () => {
    const [, file, text] = /```yaml\n(.*?)```.*?```text\n(.*?)```/s.exec(page("ladder.md")) ?? [];
    assert.equal(text, textOf(file ?? ""));
  });

  test("docs/plan.md shows the example and paths that can be read", () => {
    const files = [...page("plan.md").matchAll(/```yaml\n(.*?)```/gs)].map(([, file]) => file as string);
    assert.ok(files.includes(pathExample));
    for (const file of files) textOf(file);
  });
});

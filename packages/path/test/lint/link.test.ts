/** Links between files, among them the published samples that race and those that do not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeclaredPath } from "../../src/declared.ts";
import type { Value } from "../../src/knob.ts";
import { linksMax } from "../../src/lint/link.ts";
import { nginxTool } from "../../src/lint/nginx/index.ts";
import { lintWith } from "../../src/lint/run.ts";
import type { Tool } from "../../src/lint/tool.ts";

/** A receiver whose file is its knobs, one a line: `keepAliveTimeout 65000`; `port 3000` is where it listens. */
const plainNode: Tool = {
  id: "node",
  name: "Node",
  recognises: ({ file }) => file.startsWith("server"),
  read: (files) => ({
    findings: [],
    rules: 1,
    version: null,
    routes: files.map(({ file, text }) => {
      const rows = text.split("\n").map((line, i) => ({ name: line.split(" ")[0] ?? "", value: Number(line.split(" ")[1]), place: { file, line: i + 1 } }));
      const known = rows.filter(({ name }) => name !== "port" && name !== "");
      return {
        ...{ place: { file, line: 1 }, forwards: [], carries: "http" as const },
        listens: rows.filter(({ name }) => name === "port").map(({ value }) => `*:${value}`),
        hop: {
          ...{ name: "node", product: "node" },
          values: Object.fromEntries(known.map(({ name, value }): [string, Value] => [name, value])),
          places: Object.fromEntries(known.map(({ name, place }) => [name, place])),
        },
      };
    }),
  }),
};

const nginxConf = (pool: string, kept = true): string =>
  `# nginx/1.24.0\nupstream app {\n  server 127.0.0.1:3000;\n  ${pool}\n}\nserver { listen 80; location / { proxy_pass http://app;${kept ? ' proxy_http_version 1.1; proxy_set_header Connection "";' : ""} } }`;

const lint = (nginx: string, node: string, path: DeclaredPath | null = null) => {
  const files = [
    { file: "nginx.conf", text: nginx },
    { file: "server.txt", text: node },
  ];
  const result = lintWith([nginxTool, plainNode], files, { as: null, versions: {}, path });
  return { ...result, races: result.findings.map(({ finding }) => finding).filter(({ code }) => code === "keepalive_race") };
};
const at = (place: { file: string; line: number } | null | undefined): string => `${place?.file}:${place?.line}`;

describe("a pool in front of a server", () => {
  test("that keeps connections for longer than the server: both lines, both figures, both cures", () => {
    const { races, links } = lint(nginxConf("keepalive 64;\n  keepalive_timeout 75s;"), "port 3000\nkeepAliveTimeout 65000");
    const [race] = races;
    assert.deepEqual([races.length, links], [1, 1]);
    assert.equal(race?.severity, "error");
    assert.match(race?.title ?? "", /66 s.*75 s/);
    assert.deepEqual([at(race?.place), ...(race?.related ?? []).map(at)].sort(), ["nginx.conf:5", "server.txt:2"]);
    assert.match(race?.advice.join("\n") ?? "", /node: keepAliveTimeout 83 s/);
    assert.match(race?.advice.join("\n") ?? "", /nginx: keepalive_timeout \d+s; {3}# in upstream \{\}/);
  });

  test("with the defaults of both races too, and the places are where they would be written", () => {
    const { races } = lint(nginxConf("keepalive 64;"), "port 3000");
    assert.match(races[0]?.title ?? "", /6 s.*60 s/);
    assert.deepEqual([at(races[0]?.place), ...(races[0]?.related ?? []).map(at)].sort(), ["nginx.conf:6", "server.txt:1"]);
  });

  test("that gives up first is said nothing of, nor one whose connections are not kept", () => {
    assert.deepEqual(lint(nginxConf("keepalive 64;\n  keepalive_timeout 60s;"), "port 3000\nkeepAliveTimeout 66000").races, []);
    assert.deepEqual(lint(nginxConf("keepalive 64;\n  keepalive_timeout 4s;"), "port 3000\nkeepAliveTimeout 10000").races, []);
    assert.deepEqual(lint(nginxConf("keepalive 64;", false), "port 3000").races, []);
    assert.deepEqual(lint(nginxConf(""), "port 3000").races, [], "no pool before 1.29.7");
  });

  test("is held against it by address, else by order where it says none", () => {
    const nginx = nginxConf("keepalive 64;");
    assert.equal(lint(nginx, "port 3001").links, 0);
    assert.equal(lint(nginx, "keepAliveTimeout 5000").races.length, 1);
    const files = [
      { file: "server.txt", text: "keepAliveTimeout 5000" },
      { file: "nginx.conf", text: nginx },
    ];
    assert.equal(lintWith([nginxTool, plainNode], files, { as: null, versions: {}, path: null }).links, 0, "what stands before is not behind");
  });
});

describe("with a declared path", () => {
  const path = (idleMs: number): DeclaredPath => ({
    hops: [
      { name: "alb", product: "aws-alb", values: { "idle_timeout.timeout_seconds": idleMs } },
      { name: "edge", product: "nginx", values: {} },
      { name: "api", product: "node", values: {} },
    ],
  });
  const edge = (lines: string): string => `# nginx/1.24.0\nserver { listen 80;\n${lines}\nlocation / { proxy_pass http://127.0.0.1:3000; } }`;

  test("what the path says stands in front of what the files say", () => {
    const { races } = lint(edge("keepalive_timeout 30s;"), "port 3000\nkeepAliveTimeout 90000", path(60_000));
    assert.equal(races.length, 1);
    assert.match(races[0]?.title ?? "", /edge ends an idle connection after 30 s, alb may still send on it until 60 s/);
    assert.equal(at(races[0]?.place), "nginx.conf:3");
  });

  test("60 s in front of 120 s is right, and said nothing of", () => {
    assert.deepEqual(lint(edge("keepalive_timeout 120s;"), "port 3000\nkeepAliveTimeout 120000", path(60_000)).races, []);
  });

  test("a tool that meets no other is judged in its place all the same", () => {
    const files = [{ file: "nginx.conf", text: edge("keepalive_timeout 20s;") }];
    const { findings, links } = lintWith([nginxTool], files, { as: null, versions: {}, path: path(60_000) });
    assert.equal(links, 0);
    assert.ok(findings.some(({ finding }) => finding.code === "keepalive_race" && at(finding.place) === "nginx.conf:3"));
  });
});

test("a path without any of the tools is judged as it is: gRPC pings every 30 s, also without calls, as they are published", () => {
  const hops = [
    { name: "client", product: "grpc-client", values: { "grpc.keepalive_time_ms": 30_000, "grpc.keepalive_permit_without_calls": true } },
    { name: "server", product: "grpc-server", values: {} },
  ];
  const { findings } = lintWith([nginxTool], [{ file: "nginx.conf", text: "server { location / { proxy_pass http://127.0.0.1:1; } }" }], {
    ...{ as: null, versions: {}, path: { hops } },
  });
  const codes = findings.map(({ finding }) => finding.code);
  assert.ok(codes.includes("ping_refused"), codes.join(" "));
  assert.ok(codes.includes("lint_not_on_path"));
});

test("many routes of one kind are one link, and more kinds than are judged are told", () => {
  const locations = (count: number, lines: (i: number) => string) =>
    `# nginx/1.24.0\nupstream app { server 127.0.0.1:3000; keepalive 8; keepalive_timeout 2s; }\nserver { listen 80; proxy_http_version 1.1; proxy_set_header Connection "";\n${Array.from({ length: count }, (_, i) => `location /a${i} { proxy_pass http://app; ${lines(i)} }`).join("\n")} }`;
  const same = lint(
    locations(500, () => ""),
    "port 3000\nkeepAliveTimeout 10000",
  );
  assert.equal(same.links, 1);
  const different = lint(
    locations(linksMax + 5, (i) => `proxy_read_timeout ${i + 1}s;`),
    "port 3000\nkeepAliveTimeout 10000",
  );
  assert.equal(different.links, linksMax);
  assert.ok(different.findings.some(({ finding }) => finding.code === "lint_links_left_out"));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { planPath } from "@holdfast/path";
import { emitters } from "@holdfast/path/emit";
import { parsePathFile } from "../src/adapters/path-file.ts";
import { pagePolicy } from "../src/page/publisher.ts";
import { checkConfig, parseConfigFile, serveSettings, settingFlags } from "../src/serve/config.ts";
import { greeting } from "../src/serve/greeting.ts";
import { flagName, resolveSettings } from "../src/serve/settings.ts";
import { vitalsPolicy } from "../src/vitals/ticker.ts";

function check(members: Record<string, unknown>) {
  const { streams, ...settings } = members;
  const resolved = resolveSettings(serveSettings, {
    flags: new Map(),
    variables: {},
    file: { path: "f", members: settings },
    otherMembers: [],
    otherVariables: [],
  });
  assert.ok(resolved.ok, resolved.ok ? "" : resolved.message);
  return checkConfig(resolved.value.given, streams, { vitals: vitalsPolicy, page: pagePolicy }, (file) => parsePathFile("path.yaml", file));
}
const fault = (members: Record<string, unknown>): string => {
  const checked = check(members);
  return checked.ok ? "no fault" : checked.message;
};

test("no two settings share a name, and none is the name of another flag", () => {
  const names = serveSettings.map(({ name }) => flagName(name));
  assert.equal(new Set(names).size, names.length);
  for (const taken of ["config", "json", "print-config", "help", "url"]) assert.ok(!names.includes(taken), taken);
});

test("every setting is a flag with its default in the help", () => {
  const flags = settingFlags();
  assert.equal(Object.keys(flags).length, serveSettings.length);
  assert.match(flags["heartbeat-ms"]?.what ?? "", /default: 12000/);
  assert.equal(flags["vitals"]?.negatable, true);
  assert.equal(flags["origins"]?.multiple, true);
});

test("defaults are valid, and vital signs are kept for an hour", () => {
  const checked = check({});
  assert.ok(checked.ok);
  const { engine, data, policies, options } = checked.value;
  assert.deepEqual([engine, data, options.port, options.host], ["sqlite", "./holdfast-data", 4150, "127.0.0.1"]);
  assert.deepEqual(policies, [vitalsPolicy, pagePolicy]);
  assert.equal(vitalsPolicy.ageMs, 3_600_000);
});

test("the file's policies come first, so that they can say otherwise about vital signs", () => {
  const mine = { pattern: "vitals/**", engine: "memory", ageMs: 5_000 };
  const checked = check({ streams: [mine] });
  assert.deepEqual(checked.ok && checked.value.policies, [mine, vitalsPolicy, pagePolicy]);
  const without = check({ vitals: false, page: false });
  assert.deepEqual(without.ok && without.value.policies, []);
});

for (const [members, message] of [
  [{ engine: "postgres" }, /^expected engine to be sqlite or memory, got "postgres"$/],
  [{ host: "0.0.0.0" }, /decision on `auth`.*loopback/],
  [{ heartbeatMs: 0 }, /`heartbeatMs`/],
  [{ streams: {} }, /list of policies/],
  [{ streams: [{ pattern: "a/**", engine: "redis" }] }, /^expected the engine of streams "a\/\*\*" to be sqlite or memory, got "redis"$/],
  [{ streams: [{ pattern: "a//b" }] }, /pattern/],
  [{ streams: [{ pattern: "a", keep: 5 }] }, /`keep`/],
  [{ streams: [{ pattern: "a", ageMs: "1h" }] }, /ageMs/],
] as const) {
  test(`refuses ${JSON.stringify(members)}`, () => assert.match(fault(members), message));
}

test("a file must be a JSON object", () => {
  assert.deepEqual(parseConfigFile("f", '{"port":1}'), { ok: true, value: { port: 1 } });
  for (const text of ["", "[]", "null", "1", "{port:1}"]) assert.equal(parseConfigFile("f", text).ok, false, text);
});

test("the greeting has commands that work as they are", () => {
  const facts = {
    url: "http://127.0.0.1:4150",
    engine: "sqlite",
    data: "./holdfast-data",
    vitals: true,
    page: true,
    admin: null,
    command: "holdfast",
    access: "For all.",
    follows: null,
  };
  assert.match(greeting(facts), /^For all\.$/m);
  assert.match(greeting(facts), /^ {2}holdfast tail vitals\/host$/m);
  assert.match(greeting(facts), /^Open http:\/\/127\.0\.0\.1:4150\/ in a browser/m);
  assert.match(
    greeting({ ...facts, follows: { keepAliveMs: 66_000, heartbeatMs: 12_000 } }),
    /^In its path it has keepAliveMs 66000 and heartbeatMs 12000\.$/m,
  );
  const other = greeting({ ...facts, url: "http://127.0.0.1:5000", vitals: false, page: false, data: null });
  assert.doesNotMatch(other, /browser/);
  assert.match(other, /^ {2}holdfast tail rooms\/42 --url http:\/\/127\.0\.0\.1:5000$/m);
  assert.match(other, /nothing is kept on disk/);
});

const jwt = { auth: "jwt", jwtIssuer: "i", jwtAudience: "a", jwtJwks: "https://keys.example" };

test("beyond this machine both decisions are demanded, and each lacking one is named with its flag and variable", () => {
  assert.match(fault({ host: "0.0.0.0" }), /auth \(--auth, HOLDFAST_AUTH\) and origins \(--origins, HOLDFAST_ORIGINS\)/);
  assert.match(fault({ host: "0.0.0.0", auth: "anonymous" }), /set origins \(/);
  assert.match(fault({ host: "0.0.0.0", origins: ["none"] }), /set auth \(/);
  assert.equal(fault({ host: "0.0.0.0", auth: "anonymous", origins: ["none"] }), "no fault");
  assert.equal(fault({ host: "0.0.0.0", ...jwt, origins: ["https://app.example"] }), "no fault");
});

test("settings for tokens are whole, or refused by name", () => {
  for (const [members, message] of [
    [{ auth: "yes" }, /anonymous or jwt/],
    [{ jwtIssuer: "i" }, /auth .* jwt where jwtIssuer/],
    [{ auth: "anonymous", ticketSecretFile: "f" }, /ticketSecretFile/],
    [{ ...jwt, jwtIssuer: "" }, /jwtIssuer/],
    [{ ...jwt, jwtAudience: "" }, /jwtAudience/],
    [{ ...jwt, jwtKeyFile: "k" }, /one of jwtJwks/],
    [{ auth: "jwt", jwtIssuer: "i", jwtAudience: "a" }, /one of jwtJwks/],
    [{ ...jwt, page: true }, /no page/],
  ] as const) {
    assert.match(fault(members), message);
  }
});

test("the page is there for everybody on this machine, or for nobody", () => {
  const pageOf = (members: Record<string, unknown>): boolean => {
    const checked = check(members);
    assert.ok(checked.ok);
    return checked.value.page;
  };
  assert.deepEqual([{}, { auth: "anonymous" }, jwt, { host: "0.0.0.0", auth: "anonymous", origins: ["none"] }].map(pageOf), [true, true, false, false]);
});

/** In these tests a path stands where its file's name would. */
const balancer = (values: string): string => `- browser\n- aws-alb${values}\n- app: { product: node }\n`;

test("in a path the server is told what somebody set, and no default that contradicts the path", () => {
  const checked = check({ path: balancer(": { idle_timeout.timeout_seconds: 120s }"), requestsMax: 500, linksMax: 7 });
  assert.ok(checked.ok, checked.ok ? "" : checked.message);
  const { told, listener, place, options } = checked.value;
  assert.deepEqual([told, listener.guard, place?.hop, options.port], [{ linksMax: 7 }, { requestsMax: 500 }, undefined, 4150]);
  const without = check({});
  assert.ok(without.ok);
  assert.deepEqual([without.value.place, without.value.told, without.value.listener.guard.proxyIdleMs], [null, without.value.options, 60_000]);
});

test("what contradicts the path is refused with the inequality, before anything starts", () => {
  const path = balancer("");
  assert.match(
    fault({ path, keepAliveMs: 60_000 }),
    /`keepAliveMs`: expected a value that keeps A1 on aws-alb -> app, such as 66000.*does not hold, got 60000$/,
  );
  assert.match(fault({ path, heartbeatMs: 40_000 }), /`heartbeatMs`: expected .*C1/);
  assert.match(fault({ path, proxyIdleMs: 90_000 }), /Expected no `proxyIdleMs` beside `path`, which says 60000 of aws-alb, got 90000/);
  assert.equal(fault({ path, proxyIdleMs: 60_000, keepAliveMs: 75_000, heartbeatMs: 10_000, hop: "app" }), "no fault");
  assert.match(fault({ path, hop: "api" }), /one of browser, aws-alb, app, got api/);
  assert.match(fault({ hop: "app" }), /expected `path` with `hop`/);
  assert.match(fault({ path: "- ngnix" }), /path.yaml:1: ngnix/);
});

for (const path of [
  balancer(""),
  balancer(": { idle_timeout.timeout_seconds: 600s }"),
  "- browser\n- node\n",
  "- browser\n- cloudflare\n- nginx\n- node\n- postgres\n",
  "- haproxy\n- holdfast\n",
]) {
  test(`what --emit serve writes is taken, alone and beside its path: ${JSON.stringify(path)}`, () => {
    const declared = parsePathFile("path.yaml", path);
    assert.ok(declared.ok);
    const emitted = JSON.parse(emitters.serve(planPath(declared.value))) as Record<string, unknown>;
    for (const beside of [{}, { path }]) assert.equal(fault({ ...emitted, ...beside }), "no fault", JSON.stringify(emitted));
  });
}

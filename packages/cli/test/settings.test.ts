import assert from "node:assert/strict";
import { test } from "node:test";
import { changedSettings, settingsJson, settingsTable } from "../src/serve/print-settings.ts";
import { flagName, resolveSettings, type Setting, type SettingInputs, valuesOf, variableName } from "../src/serve/settings.ts";

const settings: Setting[] = [
  { name: "port", default: 4150, unit: "port", what: "" },
  { name: "host", default: "127.0.0.1", unit: "address", what: "" },
  { name: "heartbeatMs", default: 12_000, unit: "ms", what: "" },
  { name: "origins", default: [], unit: "origins", what: "" },
  { name: "vitals", default: true, unit: "switch", what: "" },
];
const inputs = (changes: Partial<SettingInputs>): SettingInputs => ({
  flags: new Map(),
  variables: {},
  file: null,
  otherMembers: ["streams"],
  otherVariables: ["HOLDFAST_URL"],
  ...changes,
});
const file = (members: Record<string, unknown>) => ({ path: "holdfast.json", members });

function resolved(changes: Partial<SettingInputs>) {
  const result = resolveSettings(settings, inputs(changes));
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result.value;
}
const fault = (changes: Partial<SettingInputs>): string => {
  const result = resolveSettings(settings, inputs(changes));
  assert.ok(!result.ok);
  return result.message;
};
const port = (changes: Partial<SettingInputs>) => {
  const { value, source, origin } = resolved(changes).given[0] as { value: unknown; source: string; origin: string };
  return [value, source, origin];
};

test("one rule makes the names", () => {
  assert.equal(flagName("pageCacheBytesMax"), "page-cache-bytes-max");
  assert.equal(variableName("pageCacheBytesMax"), "HOLDFAST_PAGE_CACHE_BYTES_MAX");
});

test("flags go before environment, environment before file, file before default", () => {
  const flags = new Map([["port", "1"]]);
  const variables = { HOLDFAST_PORT: "2" };
  assert.deepEqual(port({ flags, variables, file: file({ port: 3 }) }), [1, "flag", "--port"]);
  assert.deepEqual(port({ variables, file: file({ port: 3 }) }), [2, "environment", "HOLDFAST_PORT"]);
  assert.deepEqual(port({ file: file({ port: 3 }) }), [3, "file", "holdfast.json"]);
  assert.deepEqual(port({}), [4150, "default", ""]);
});

test("an empty variable counts as not set", () => {
  assert.deepEqual(port({ variables: { HOLDFAST_PORT: "" }, file: file({ port: 3 }) }), [3, "file", "holdfast.json"]);
});

test("every kind of value is read from text", () => {
  const { given } = resolved({
    flags: new Map<string, string | boolean | string[]>([
      ["vitals", false],
      ["origins", ["http://a", "http://b"]],
    ]),
    variables: { HOLDFAST_HEARTBEAT_MS: "500", HOLDFAST_HOST: "::1" },
  });
  assert.deepEqual(valuesOf(given, ["vitals", "origins", "heartbeatMs", "host"]), {
    vitals: false,
    origins: ["http://a", "http://b"],
    heartbeatMs: 500,
    host: "::1",
  });
  const { given: listed } = resolved({ variables: { HOLDFAST_ORIGINS: "http://a,http://b", HOLDFAST_VITALS: "0" } });
  assert.deepEqual(valuesOf(listed, ["origins", "vitals"]), { origins: ["http://a", "http://b"], vitals: false });
});

const faults: [Partial<SettingInputs>, RegExp][] = [
  [{ flags: new Map([["port", "http"]]) }, /^expected --port to be a whole number \(port\), got "http"$/],
  [{ flags: new Map([["port", "1e3"]]) }, /--port/],
  [{ variables: { HOLDFAST_HEARTBEAT_MS: "12s" } }, /^expected HOLDFAST_HEARTBEAT_MS to be a whole number \(ms\), got "12s"$/],
  [{ variables: { HOLDFAST_VITALS: "maybe" } }, /^expected HOLDFAST_VITALS to be true or false/],
  [{ file: file({ port: "4150" }) }, /^expected port in holdfast.json to be a whole number \(port\), got "4150"$/],
  [{ file: file({ origins: "http://a" }) }, /^expected origins in holdfast.json to be a list/],
  [{ file: file({ heartbeatMS: 5 }) }, /^holdfast.json: unknown setting "heartbeatMS"$/],
  [{ file: file({ "heartbeat-ms": 5 }) }, /unknown setting "heartbeat-ms"/],
];
for (const [changes, message] of faults) test(`refuses with ${message}`, () => assert.match(fault(changes), message));

test("a variable that is no setting is warned of, one that is read elsewhere is not", () => {
  const { warnings } = resolved({ variables: { HOLDFAST_HEARTBEAT: "5", HOLDFAST_URL: "x", PATH: "/bin" } });
  assert.deepEqual(warnings, ["the variable HOLDFAST_HEARTBEAT is not a setting; it is not used"]);
});

test("the start shows what is not default and who said so", () => {
  const { given } = resolved({ flags: new Map([["port", "0"]]), variables: { HOLDFAST_HEARTBEAT_MS: "500" } });
  assert.equal(changedSettings(given), "settings: port 0 (--port), heartbeatMs 500 (HOLDFAST_HEARTBEAT_MS); the others have their defaults");
  assert.equal(changedSettings(resolved({}).given), "all settings have their defaults");
});

test("the whole list is a table or one JSON object", () => {
  const { given } = resolved({ flags: new Map([["port", "0"]]) });
  const table = settingsTable(given, [{ pattern: "a/**" }]);
  assert.match(table, /^port {9}0 {10}--port$/m);
  assert.match(table, /^heartbeatMs {2}12000 {6}default$/m);
  assert.match(table, /^streams {6}\{"pattern":"a\/\*\*"\}$/m);
  const json = JSON.parse(settingsJson(given, []));
  assert.deepEqual(json.settings.port, { value: 0, source: "flag", origin: "--port" });
  assert.deepEqual(json.settings.vitals, { value: true, source: "default" });
});

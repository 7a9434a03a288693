/**
 * Reads the text format of Prometheus as strictly as its own parsers do, and stricter: what a lenient reader would mend is an error here.
 */
import assert from "node:assert/strict";

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly series: readonly Series[];
}

const sample = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?!\})|(?=\})))*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|-Inf|Nan)$/;
const suffixes: Readonly<Record<string, readonly string[]>> = { histogram: ["_bucket", "_sum", "_count"], counter: [""], gauge: [""] };

/** Families by name. Fails on anything that is not the format. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  assert.ok(text.endsWith("\n"), "the last line ends");
  const families = new Map<string, { type: string; help: string; series: Series[] }>();
  const seen = new Set<string>();
  let now = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = "", rest = ""] = comment;
      if (kind === "HELP") {
        assert.ok(!families.has(name), `${name} is there twice`);
        families.set(name, { type: "", help: rest, series: [] });
      } else (families.get(name) ?? assert.fail(`TYPE before HELP: ${name}`)).type = rest;
      now = name;
      continue;
    }
    const [, name = "", labels = "", value = ""] = sample.exec(line) ?? assert.fail(`not a sample: ${line}`);
    const family = families.get(now) ?? assert.fail(`a sample before its family: ${line}`);
    assert.ok(
      suffixes[family.type]?.some((suffix) => name === `${now}${suffix}`),
      `${name} in ${now} of type ${family.type}`,
    );
    const key = `${name}{${labels}}`;
    assert.ok(!seen.has(key), `twice: ${key}`);
    seen.add(key);
    family.series.push({ name, labels: labelsIn(labels), value: numberIn(value) });
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
}

function numberIn(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}

function checkFamily(name: string, { type, series }: Family): void {
  assert.equal(type === "counter", name.endsWith("_total"), `${name} is a ${type}`);
  for (const { value } of series) assert.ok(type === "gauge" || value >= 0, `${name} is below 0`);
  if (type !== "histogram" || series.length === 0) return;
  const buckets = series.filter((one) => one.name === `${name}_bucket`);
  assert.equal(buckets.at(-1)?.labels["le"], "+Inf", `${name} ends with +Inf`);
  for (const [i, { labels, value }] of buckets.entries()) {
    const before = buckets[i - 1];
    if (before === undefined) continue;
    assert.ok(numberIn(labels["le"] ?? "") > numberIn(before.labels["le"] ?? ""), `bounds of ${name} ascend`);
    assert.ok(value >= before.value, `${name} is cumulative`);
  }
  const count = series.find((one) => one.name === `${name}_count`)?.value;
  assert.equal(buckets.at(-1)?.value, count, `${name}: +Inf is the count`);
  assert.ok(series.some((one) => one.name === `${name}_sum`));
}

/** The value of the one series with these labels; undefined: there is none. */
export function seriesValue(families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const family = families.get(name.replace(/_(?:bucket|sum|count)$/, "")) ?? families.get(name);
  const found = family?.series.filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value)) ?? [];
  assert.ok(found.length <= 1, `${name} ${JSON.stringify(labels)} names ${found.length} series`);
  return found[0]?.value;
}

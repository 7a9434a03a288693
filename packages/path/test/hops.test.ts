/**
 * The hop database as data: every row says what it is, from where it is known and since when, and no two rows are called the same.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultsOf } from "../src/fingerprints.ts";
import { findProduct, products } from "../src/hops/index.ts";
import type { Knob, Product, VersionedDefault } from "../src/knob.ts";
import { compareVersions, valueAt } from "../src/versions.ts";

const everyProduct = Object.values(products);
const rows = everyProduct.flatMap((product) => product.knobs.map((knob) => ({ product, knob, where: `${product.id}, ${knob.name}` })));

/** The rows of which something is wrong. */
const where = (isWrong: (knob: Knob, product: Product) => boolean): string[] =>
  rows.filter(({ product, knob }) => isWrong(knob, product)).map((row) => row.where);

const knobOf = (word: string, name: string): Knob => {
  const knob = findProduct(word)?.knobs.find((one) => one.name === name);
  assert.ok(knob, `${word} has ${name}`);
  return knob;
};

describe("every row of the hop database", () => {
  it("has a source and a month", () => {
    assert.deepEqual(
      where(({ source, date }) => source.trim().length < 8 || !/^20\d\d-(0[1-9]|1[0-2])$/.test(date)),
      [],
    );
  });
  it("says how well it is known: a source that was not read makes it unverified, and nothing else does", () => {
    assert.deepEqual(
      where(({ grade, source }) => (grade === "unverified") !== source.startsWith("not read yet")),
      [],
    );
  });
  it("has a default of its unit, in every version", () => {
    const fits: Record<Knob["unit"], (value: unknown) => boolean> = {
      ms: (value) => value === "never" || (typeof value === "number" && value >= 0),
      count: (value) => value === "never" || (typeof value === "number" && Number.isInteger(value) && value >= 0),
      switch: (value) => typeof value === "boolean",
      word: (value) => typeof value === "string",
    };
    assert.deepEqual(
      where((knob) => !defaultsOf(knob).every(({ value }) => fits[knob.unit](value))),
      [],
    );
  });
  it("has a range that holds its default", () => {
    assert.deepEqual(
      where((knob) =>
        defaultsOf(knob).some(({ value }) => typeof value === "number" && (value < (knob.min ?? 0) || value > (knob.max ?? Number.POSITIVE_INFINITY))),
      ),
      [],
    );
  });
  it("has no range where nobody can change it", () => {
    assert.deepEqual(
      where(({ fixed, min, max }) => fixed === true && (min !== undefined || max !== undefined)),
      [],
    );
  });
  it("is a time, a count or a probe's switch where it has a class of timer", () => {
    assert.deepEqual(
      where(({ classes, unit }) => classes.some((word) => (word === "E" ? unit !== "ms" && unit !== "count" : word !== "T" && unit !== "ms"))),
      [],
    );
  });
  it("says how it ends a connection, where it ends one", () => {
    assert.deepEqual(
      where(({ classes, ends }) => classes.some((word) => ["A", "C", "D"].includes(word)) && ends === undefined),
      [],
    );
  });
  it("says what resets it, where silence is what it counts", () => {
    const isStream = (knob: Knob) => knob.classes.includes("A") || (knob.classes.includes("C") && knob.streams?.length !== 0);
    assert.deepEqual(
      where((knob) => isStream(knob) && knob.resetBy === undefined),
      [],
    );
  });
  it("falls back to and replaces rows of the same product only", () => {
    assert.deepEqual(
      where(({ fallsBackTo = [], replaces = [] }, { knobs }) => [...fallsBackTo, ...replaces].some((name) => !knobs.some((knob) => knob.name === name))),
      [],
    );
  });
  it("is named once in its product", () => {
    assert.deepEqual(
      where(({ name }, { knobs }) => knobs.filter((knob) => knob.name === name).length !== 1),
      [],
    );
  });
  it("reads as a sentence or phrase: no trailing dot, no doubled space in its note", () => {
    assert.deepEqual(
      where(({ note }) => note !== undefined && (/\.$/.test(note) || / {2}/.test(note))),
      [],
    );
  });
});

describe("products", () => {
  it("answer to ids and aliases that are theirs alone", () => {
    const words = everyProduct.flatMap(({ id, aliases = [] }) => [id, ...aliases]);
    assert.deepEqual(
      words.filter((word, index) => words.indexOf(word) !== index || word !== word.toLowerCase()),
      [],
    );
    for (const product of everyProduct) for (const word of [product.id, ...(product.aliases ?? [])]) assert.equal(findProduct(word.toUpperCase()), product);
  });
  it("are not found by words that nobody uses", () => assert.equal(findProduct("no-such-hop"), null));
  it("name a header by a pattern that is one", () => {
    for (const { headers = {} } of everyProduct)
      for (const [name, pattern] of Object.entries(headers)) assert.ok(name === name.toLowerCase() && new RegExp(pattern));
  });
  it("that are versioned mean a version that their newest rows hold", () => {
    for (const product of everyProduct) {
      const versioned = product.knobs.filter(({ default: rows }) => Array.isArray(rows));
      assert.ok(versioned.length === 0 || product.version !== null, product.id);
      for (const knob of versioned) valueAt(knob, product.version);
    }
  });
});

describe("defaults by version", () => {
  const cases: readonly [word: string, knob: string, version: string | null, value: unknown][] = [
    ["nginx", "upstream keepalive", "1.29.6", 0],
    ["nginx", "upstream keepalive", "1.29.7", 32],
    ["nginx", "upstream keepalive", "1.22.1", 0],
    ["nginx", "upstream keepalive", null, 32],
    ["nginx", "proxy_http_version", "1.29.6", "1.0"],
    ["nginx", "proxy_http_version", "1.30.0", "1.1"],
    ["nginx", "proxy_set_header Connection", "1.28.0", "close"],
    ["nginx", "proxy_set_header Connection", "1.29.7", ""],
    ["nginx", "keepalive_requests", "1.19.9", 100],
    ["nginx", "keepalive_requests", "1.19.10", 1_000],
    ["nginx", "upstream keepalive_requests", "1.9.0", 100],
    ["node", "keepAliveTimeout", "26.10.0", 5_000],
    ["node", "keepAliveTimeout", "v27.0.0", 65_000],
    ["node", "keepAliveTimeout", "20.20.2", 5_000],
    ["caddy", "timeouts write_idle", "2.11.4", "never"],
    ["caddy", "timeouts write_idle", "2.12.0", 60_000],
    ["caddy", "timeouts idle", "2.6.2", 300_000],
  ];
  for (const [word, name, version, value] of cases) {
    it(`${word} ${version ?? "of no named version"} has ${name} ${value === "" ? "empty" : value}`, () =>
      assert.equal(valueAt(knobOf(word, name), version), value));
  }
  it("hold for one version only once: no version lies in two rows or in none", () => {
    const edges = ["0.1", "1.19.9", "1.19.10", "1.29.6", "1.29.7", "2.11.4", "2.11.5", "5", "26.99.99", "27", "27.0.0-nightly", "99"];
    for (const { knob, where: row } of rows) {
      if (!Array.isArray(knob.default)) continue;
      for (const version of edges) {
        const holding: readonly VersionedDefault[] = (knob.default as readonly VersionedDefault[]).filter(
          ({ since, before }) =>
            (since === undefined || compareVersions(version, since) >= 0) && (before === undefined || compareVersions(version, before) < 0),
        );
        assert.equal(holding.length, 1, `${row}, ${version}`);
      }
    }
  });
});

describe("figures that the ladder's worked example stands on", () => {
  const cases: readonly [word: string, knob: string, value: unknown][] = [
    ["alb", "idle_timeout.timeout_seconds", 60_000],
    ["cloudflare", "client idle", 400_000],
    ["cloudflare", "origin proxy idle", 900_000],
    ["nginx", "keepalive_timeout", 75_000],
    ["nginx", "upstream keepalive_timeout", 60_000],
    ["pgbouncer", "server_idle_timeout", 600_000],
    ["pgbouncer", "max_client_conn", 100],
    ["postgres", "max_connections", 100],
    ["ipvs", "--ipvs-tcp-timeout", 900_000],
    ["nat-gateway", "idle timeout", 350_000],
    ["aws-security-group-nitro-v6", "TcpEstablishedTimeout", 350_000],
  ];
  for (const [word, name, value] of cases) it(`${word} has ${name} ${value}`, () => assert.equal(valueAt(knobOf(word, name), null), value));
});

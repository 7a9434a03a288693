/** Every published claim has a verdict and its evidence, and what it names exists: findings, options, pages, benches, tests. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Claim, claims } from "../src/claims/index.ts";
import { findingDocs } from "../src/findings/index.ts";

const root = join(import.meta.dirname, "../../..");
const rows = Object.entries<Claim>(claims);
const wrong = (isWrong: (claim: Claim) => unknown): string[] => rows.filter(([, claim]) => isWrong(claim)).map(([name]) => name);
const lacks = (path: string): boolean => !existsSync(join(root, path));

/** The options that pages list in their tables. */
function optionNames(): Set<string> {
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const texts = pages.map((name) => readFileSync(join(root, "docs", name), "utf8"));
  return new Set(texts.flatMap((text) => [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name)));
}

describe("published claims", () => {
  test("each says what is published, what is true, and by what that is known", () => {
    assert.deepEqual(
      wrong(({ claim, truth, evidence }) => claim.length < 10 || truth.length < 10 || evidence.length < 5),
      [],
    );
  });
  test("each is treated somewhere in Holdfast", () => {
    assert.deepEqual(
      wrong(({ findings = [], options = [], pages = [] }) => findings.length + options.length + pages.length === 0),
      [],
    );
  });
  test("name findings that the catalogue has", () => {
    assert.deepEqual(
      wrong(({ findings = [] }) => findings.some((code) => !Object.hasOwn(findingDocs, code))),
      [],
    );
  });
  test("name options that are documented", () => {
    const known = optionNames();
    assert.deepEqual(
      wrong(({ options = [] }) => options.some((option) => !known.has(option.split(" ")[1] ?? ""))),
      [],
    );
  });
  test("name pages that exist", () => {
    assert.deepEqual(
      wrong(({ pages = [] }) => pages.some((page) => lacks(`docs/${page}.md`))),
      [],
    );
  });
  test("name benches and files that exist as evidence", () => {
    const benches = ({ evidence }: Claim) => [...evidence.matchAll(/npm run bench -- ([\w-]+)/g)].map(([, name]) => `bench/cases/${name}.ts`);
    const files = ({ evidence }: Claim) => [...evidence.matchAll(/\b(?:packages|e2e|docs)\/[\w./-]*\w/g)].map(([path]) => path);
    assert.deepEqual(
      wrong((claim) => [...benches(claim), ...files(claim)].some(lacks)),
      [],
    );
  });
  test("that are measured name what measures them", () => {
    assert.deepEqual(
      wrong(({ by, evidence }) => by === "measured" && !/`|packages\/|e2e\//.test(evidence)),
      [],
    );
  });
});

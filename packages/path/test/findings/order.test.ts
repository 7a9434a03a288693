import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Finding } from "../../src/finding.ts";
import { findingAreas, findingDocs } from "../../src/findings/index.ts";
import { findingMaker } from "../../src/findings/make.ts";
import { countFindings, type OrderedFinding, orderFindings } from "../../src/findings/order.ts";

const bare: Finding = { code: "a", severity: "warning", title: "", hop: null, place: null, related: [], evidence: [], advice: [], dependsOn: [] };
const finding = (code: string, more: Partial<Finding> = {}): Finding => ({ ...bare, code, title: code, ...more });

/** `cause(symptom symptom) other`. */
const shape = (ordered: readonly OrderedFinding[]): string =>
  ordered.map(({ finding: { title }, symptoms }) => (symptoms.length === 0 ? title : `${title}(${shape(symptoms)})`)).join(" ");

describe("findings in order", () => {
  test("a symptom stands beneath its cause when the cause is there, and for itself when not", () => {
    assert.equal(shape(orderFindings([finding("late", { dependsOn: ["buffered"] }), finding("buffered")])), "buffered(late)");
    assert.equal(shape(orderFindings([finding("late", { dependsOn: ["buffered"] }), finding("other")])), "late other");
  });

  test("chains stand beneath one another", () => {
    const chain = [finding("c", { dependsOn: ["b"] }), finding("b", { dependsOn: ["a"] }), finding("a")];
    assert.equal(shape(orderFindings(chain)), "a(b(c))");
  });

  test("the nearest of several causes takes it: of the same hop, then of the same file", () => {
    const at = (file: string) => ({ file, line: 1 });
    const causes = [
      finding("cause", { title: "far", hop: "node", place: at("x") }),
      finding("cause", { title: "near", hop: "nginx", place: at("y") }),
      finding("cause", { title: "nearest", hop: "nginx", place: at("x") }),
    ];
    assert.equal(shape(orderFindings([...causes, finding("s", { hop: "nginx", place: at("x"), dependsOn: ["cause"] })])), "far near nearest(s)");
  });

  test("within a file a cause explains only what shares a line with it", () => {
    const at = (line: number) => ({ file: "x", line });
    const cause = finding("cause", { place: at(1), related: [at(7)] });
    const symptom = (line: number) => finding("s", { title: `s${line}`, place: at(line), dependsOn: ["cause"] });
    assert.equal(shape(orderFindings([cause, symptom(7), symptom(8)])), "cause(s7) s8");
  });

  test("the heaviest come first, and a cause weighs as much as what it explains", () => {
    const all = [finding("note", { severity: "info" }), finding("warned"), finding("broken", { severity: "error", dependsOn: ["note"] })];
    const ordered = orderFindings(all);
    assert.equal(shape(ordered), "note(broken) warned");
    assert.deepEqual(countFindings(ordered), { error: 1, warning: 1, info: 0 });
  });

  test("the same said twice of one place is one finding", () => {
    const place = { file: "x", line: 3 };
    assert.equal(orderFindings([finding("a", { place }), finding("a", { place }), finding("a", { place: { file: "x", line: 4 } })]).length, 2);
  });

  test("none is lost and none stands twice, whoever names whom as a cause", () => {
    const codes = ["a", "b", "c", "d"];
    const some = fc.record({ code: fc.constantFrom(...codes), dependsOn: fc.subarray(codes), severity: fc.constantFrom("error", "warning", "info") });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (rows) => {
        const all = rows.map(({ code, dependsOn, severity }, i) => finding(code, { dependsOn, severity: severity as Finding["severity"], title: `${i}` }));
        const titles = (ordered: readonly OrderedFinding[]): string[] => ordered.flatMap((each) => [each.finding.title, ...titles(each.symptoms)]);
        assert.deepEqual(titles(orderFindings(all)).sort(), all.map(({ title }) => title).sort());
      }),
    );
  });
});

describe("the catalogue", () => {
  test("has each code once, in words that can be a file's name", () => {
    const codes = findingAreas.flatMap(({ docs }) => Object.keys(docs));
    assert.deepEqual(
      codes.filter((code, i) => codes.indexOf(code) !== i || !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(code)),
      [],
    );
  });

  test("names as causes only codes that it has, and says something everywhere", () => {
    for (const [code, doc] of Object.entries(findingDocs)) {
      for (const cause of doc.dependsOn ?? []) assert.ok(cause in findingDocs && cause !== code, `${code} depends on ${cause}`);
      for (const part of ["title", "symptom", "why", "fix"] as const) assert.notEqual(doc[part].trim(), "", `${code} has no ${part}`);
      assert.ok(doc.sources.length > 0, `${code} has no source`);
    }
  });

  test("says it in sentences, or shows the lines to write", () => {
    const ends = /[.?!]$|\n```$/;
    const open = Object.entries(findingDocs).flatMap(([code, doc]) =>
      (["symptom", "why", "fix", "guards"] as const).flatMap((part) => (doc[part] === "" || ends.test(doc[part]) ? [] : [`${code}, ${part}`])),
    );
    assert.deepEqual(open, []);
  });

  test("gives a finding its severity and its causes", () => {
    const docs = { x: { ...(findingDocs["lint_syntax"] as NonNullable<(typeof findingDocs)[string]>), severity: "warning", dependsOn: ["y"] } } as const;
    const make = findingMaker(docs);
    assert.deepEqual(make("x", { title: "t" }), finding("x", { title: "t", severity: "warning", dependsOn: ["y"] }));
    assert.equal(make("x", { title: "t", severity: "info" }).severity, "info");
  });
});

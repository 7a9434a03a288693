/** Tables are written from the code and refused when they drift; commands, links and anchors that lead nowhere are named. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkFindingPages, checkPages, checkTable } from "../check-docs.ts";
import { drawTable, placeTable, type TableSource } from "../lib/doc-tables.ts";
import { formatFinding } from "../lib/findings.ts";
import { makeTree } from "../test-support/tree.ts";

const source: TableSource = {
  ...{ table: "colours", page: "docs/colours.md", module: "colours.ts", export: "colours" },
  columns: { Name: (name) => `\`${name}\``, Value: (_, row) => String(row["value"]) },
};
const page = "# Colours\n\n<!-- table:colours -->\n<!-- /table -->\n\nThe end.\n";
const manifest = '{"type":"module"}';
const module = 'export const colours = { red: { value: "1|2" } };\n';

describe("tables", () => {
  test("are written, then agree, then drift with the page", async () => {
    using tree = makeTree({ "docs/colours.md": page, "colours.ts": module, "package.json": manifest });
    assert.deepEqual(await checkTable(tree.root, source, (path, text) => tree.write({ [path]: text ?? "" })), []);
    const written = readFileSync(join(tree.root, "docs/colours.md"), "utf8");
    assert.equal(written, "# Colours\n\n<!-- table:colours -->\n\n| Name | Value |\n| --- | --- |\n| `red` | 1|2 |\n\n<!-- /table -->\n\nThe end.\n");
    assert.deepEqual(await checkTable(tree.root, source, null), []);
    tree.write({ "docs/colours.md": written.replace("1|2", "3") });
    const [finding] = await checkTable(tree.root, source, null);
    assert.equal(finding?.line, 7);
    assert.match(finding?.message ?? "", /differs from colours\.ts.*\n {2}page: \| `red` \| 3 \|\n {2}code: \| `red` \| 1\|2 \|/);
  });

  test("that cannot be compared name the missing file", async () => {
    const messageFor = async (files: Record<string, string>): Promise<string> => {
      using tree = makeTree({ "package.json": manifest, ...files });
      return (await checkTable(tree.root, source, null)).map(formatFinding).join("\n");
    };
    assert.match(await messageFor({}), /colours\.ts does not exist/);
    assert.match(await messageFor({ "colours.ts": module }), /^docs\/colours\.md: .*the page does not exist/);
    assert.match(await messageFor({ "colours.ts": module, "docs/colours.md": "# No place\n" }), /no <!-- table:colours -->/);
    assert.match(await messageFor({ "colours.ts": "export {};\n", "docs/colours.md": page }), /does not export colours/);
    assert.match(await messageFor({ "colours.ts": "throw new Error('boom');\n", "docs/colours.md": page }), /cannot be loaded: boom/);
  });

  test("show only the rows that are kept, and leave other tables alone", () => {
    const columns = { Name: (name: string) => name };
    assert.equal(drawTable({ columns, keep: (name) => name.endsWith("Max") }, { aMax: {}, b: {} }), "| Name |\n| --- |\n| aMax |\n");
    const two = "<!-- table:a -->old<!-- /table --> <!-- table:b -->old<!-- /table -->";
    assert.equal(placeTable(two, "b", "new\n"), "<!-- table:a -->old<!-- /table --> <!-- table:b -->\n\nnew\n\n<!-- /table -->");
    assert.equal(placeTable(two, "c", "new\n"), null);
  });
});

describe("pages of findings", () => {
  const doc = { title: "A | b", severity: "error", symptom: "It hangs", why: "So", fix: "Do", guards: "Never", sources: ["RFC 1"] };
  const areas = [{ title: "Area", docs: { cause: doc, symptom: { ...doc, dependsOn: ["cause"] } } }];
  const faultsOf = (root: string): string[] => checkFindingPages(root, areas, null).map(({ file, message }) => `${file} ${message.split(";")[0]}`);

  test("are written, then agree; a stale, a missing and a left-over page are named", () => {
    using tree = makeTree({});
    checkFindingPages(tree.root, areas, (page, text) => tree.write({ [page]: text ?? "" }));
    assert.deepEqual(faultsOf(tree.root), []);
    const page = readFileSync(join(tree.root, "docs/findings/symptom.md"), "utf8");
    assert.match(page, /^# symptom\n\nA \| b\. Severity: error\. .*\n\nShown beneath its cause where that is found too: \[`cause`\]\(cause\.md\)\.\n/);
    assert.match(readFileSync(join(tree.root, "docs/findings/cause.md"), "utf8"), /May be the cause of \[`symptom`\]\(symptom\.md\)\./);
    assert.match(readFileSync(join(tree.root, "docs/findings/README.md"), "utf8"), /## Area\n\n.*\n.*\n\| \[`cause`\]\(cause\.md\) \| error \| A \\\| b \|\n/);
    rmSync(join(tree.root, "docs/findings/cause.md"));
    tree.write({ "docs/findings/symptom.md": `${page}More.\n`, "docs/findings/gone.md": "# gone\n" });
    assert.deepEqual(faultsOf(tree.root), [
      "docs/findings/cause.md is missing",
      "docs/findings/symptom.md differs from the catalogue",
      "docs/findings/gone.md has no code in the catalogue",
    ]);
  });
});

describe("pages", () => {
  const judge = (readme: string, more: Record<string, string> = {}): string[] => {
    using tree = makeTree({
      ...{ "package.json": '{"scripts":{"start":"x","check":"x"}}', "packages/cli/src/commands/tail.ts": "", "README.md": readme },
      ...{ "docs/codes.md": '# The `codes`: what & why?\n\n## Twice\n\n## Twice\n\n<a id="by-hand"></a>\n', ...more },
    });
    return checkPages(tree.root).map(formatFinding);
  };

  test("may name only commands that exist", () => {
    assert.deepEqual(judge("`npm start`, `npm run check`\n\n```sh\nholdfast tail x # npm test\n```\n\n`npm run gone` `holdfast burn` holdfast keeps\n"), [
      "README.md:4: [npm-script] package.json has no script test",
      "README.md:7: [npm-script] package.json has no script gone",
      "README.md:7: [command] packages/cli/src/commands has no burn.ts",
    ]);
  });

  test("may link only to files and headings that exist", () => {
    const good = "[a](docs/codes.md) [b](docs/) [c](#title) [d](docs/codes.md#the-codes-what--why) [e](docs/codes.md#twice-1) [f](docs/codes.md#by-hand)";
    const rest = "[g](https://example.test/x) [h](mailto:a@b.test) `[i](gone.md)` ![j](packages/cli/src/commands/tail.ts)\n\n[k]: docs/codes.md\n";
    assert.deepEqual(judge(`# Title\n\n${good}\n${rest}`), []);
    assert.deepEqual(judge('[a](gone.md)\n\n![b](img/x.png)\n[c](#no) [d](docs/codes.md#twice-2)\n\n[e]: nowhere.md\n\n<a href="off.md">x</a>\n'), [
      "README.md:1: [link] gone.md leads nowhere: no gone.md",
      "README.md:3: [link] img/x.png leads nowhere: no img/x.png",
      "README.md:4: [anchor] README.md has no heading #no",
      "README.md:4: [anchor] docs/codes.md has no heading #twice-2",
      "README.md:6: [link] nowhere.md leads nowhere: no nowhere.md",
      "README.md:8: [link] off.md leads nowhere: no off.md",
    ]);
  });

  test("in folders resolve links from there, and ignore what is in fences", () => {
    assert.deepEqual(judge("# T\n", { "docs/deep/x.md": "[a](../codes.md) [b](../../README.md#t) [c](codes.md)\n\n````\n```\n[d](e.md)\n````\n" }), [
      "docs/deep/x.md:1: [link] codes.md leads nowhere: no docs/deep/codes.md",
    ]);
  });
});

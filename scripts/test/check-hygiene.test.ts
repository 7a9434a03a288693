/** What belongs to one machine is refused where it stands, and what only resembles it is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findInText } from "../check-hygiene.ts";

const rulesIn = (text: string, file = "a.md"): string[] => findInText(file, text).map(({ line, rule }) => `${line} ${rule}`);
// Put together here, so that this file passes the check that it tests.
const path = (...parts: string[]): string => `/${parts.join("/")}/`;

test("paths of a machine are refused", () => {
  assert.deepEqual(rulesIn(`see ${path("work", "main")}x\n\ncd ${path("root")}y`), ["1 machine-path", "3 machine-path"]);
  assert.deepEqual(rulesIn(`"${path("home", "ann")}z" and (${path("Users", "bob")})`), ["1 machine-path"]);
});

test("paths that only contain such a name are fine", () => {
  assert.deepEqual(rulesIn("packages/work/src, ./root/x, https://a.example/root/y, /workers/, /rooted/"), []);
});

test("hosts of registries are refused", () => {
  for (const host of ["registry.npm" + "js.org", "deb.deb" + "ian.org", "pypi" + ".org"]) {
    assert.deepEqual(rulesIn(`fetch https://${host}/x`), ["1 registry-host"]);
  }
});

test("download addresses are refused in a lock file, and links to workspaces are not", () => {
  const address = '      "resolved": "https://mirror.example/ws.tgz",';
  assert.deepEqual(rulesIn(`{\n${address}`, "package-lock.json"), ["2 lock-address"]);
  assert.deepEqual(rulesIn('"resolved": "git+ssh://git@host/x.git"', "package-lock.json"), ["1 lock-address"]);
  assert.deepEqual(rulesIn('"resolved": "packages/cli",', "package-lock.json"), []);
  assert.deepEqual(rulesIn(address, "other.json"), []);
});

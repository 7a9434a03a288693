import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesMeet } from "../../src/lint/addresses.ts";
import { folderOf, joinPath, matchesGlob, matchesPart } from "../../src/lint/paths.ts";

test("names are joined and taken apart", () => {
  for (const [folder, name, whole] of [
    ["", "a", "a"],
    ["a/b", "../c", "a/c"],
    ["a", "./b//c", "a/b/c"],
    ["a", "/b", "/b"],
    ["..", "a", "../a"],
    ["/", "../a", "/../a"],
  ] as const) {
    assert.equal(joinPath(folder, name), whole);
  }
  assert.deepEqual(["a", "/a", "a/b/c"].map(folderOf), ["", "/", "a/b"]);
});

test("globs match as in a shell: not across slashes, not at a leading dot", () => {
  for (const [pattern, yes, no] of [
    ["*.conf", ["a.conf", "ab.conf"], ["a.conf.bak", ".conf", "x/a.conf", "conf"]],
    ["a?c", ["abc"], ["ac", "abbc"]],
    ["[a-c]x[!0-9]", ["axb", "cxx"], ["dxb", "ax1"]],
    ["a*b*c", ["abc", "aXbYc", "abbc"], ["acb", "ab"]],
    ["d/*/e", ["d/x/e"], ["d/e", "d/x/y/e"]],
    ["[", ["["], ["a"]],
  ] as const) {
    for (const name of yes) assert.ok(matchesGlob(pattern, name), `${pattern} ${name}`);
    for (const name of no) assert.ok(!matchesGlob(pattern, name), `${pattern} ${name}`);
  }
  assert.equal(matchesPart(`${"a*".repeat(200)}b`, "a".repeat(20_000)), false);
});

test("addresses meet where the one leads to the other", () => {
  for (const [forward, listen, meets] of [
    ["127.0.0.1:3000", "*:3000", true],
    ["localhost:3000", "127.0.0.1:3000", true],
    ["app:3000", "*:3000", true],
    ["app:3000", "127.0.0.1:3000", false],
    ["127.0.0.1:3000", "*:3001", false],
    ["unix:/run/a", "unix:/run/a", true],
    ["unix:/run/a", "*:3000", false],
    ["10.0.0.1:80", "10.0.0.2:80", false],
    ["[::1]:80", "[::]:80", true],
    ["app", "*:80", false],
  ] as const) {
    assert.equal(addressesMeet(forward, listen), meets, `${forward} ${listen}`);
  }
});

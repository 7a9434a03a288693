/**
 * Keeps out of the repository what belongs to one machine: absolute paths of a work place, hosts of package registries, and
 * download addresses in the lock file (an install must ask whatever registry the user's npm is set to).
 * The patterns are written so that this file does not match itself.
 */
import { projectFiles, readText, repositoryRoot } from "./lib/files.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";

const rules: readonly { readonly rule: string; readonly pattern: RegExp; readonly message: string }[] = [
  { rule: "machine-path", pattern: /(?<![\w.*-])\/(?:work|root|home\/\w+|Users\/\w+)\//, message: "a path of one machine" },
  {
    rule: "registry-host",
    pattern: /registry\.(?:npmjs|yarnpkg|npmmirror)|npm\.pkg\.github|(?:deb|ftp|archive)\.(?:debian|ubuntu)|pypi\.org/,
    message: "a host of a package registry",
  },
];

const lockRule = /"resolved":\s*"(?:https?|git[^"]*):/;

/** Violations in one file's text. */
export function findInText(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  // A file with a NUL byte is not text.
  if (text.includes("\0")) return findings;
  for (const [i, line] of text.split("\n").entries()) {
    for (const { rule, pattern, message } of rules) {
      const match = pattern.exec(line);
      if (match !== null) findings.push({ file, line: i + 1, rule, message: `${message}: ${match[0]}` });
    }
    if (file.endsWith("package-lock.json") && lockRule.test(line)) {
      findings.push({ file, line: i + 1, rule: "lock-address", message: "a download address; keep omit-lockfile-registry-resolved=true in .npmrc" });
    }
  }
  return findings;
}

if (isProgram(import.meta.filename)) {
  const files = projectFiles(repositoryRoot);
  report(
    "hygiene",
    `${files.length} files`,
    files.flatMap((file) => findInText(file, readText(repositoryRoot, file))),
  );
}

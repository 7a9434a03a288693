/**
 * Makes from the .proto files what servers answer to reflection: the descriptors, as data in a source file. With `--write` it writes them,
 * else it compares. It needs `protoc`; a test runs it where that is installed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "./lib/files.ts";
import { isProgram } from "./lib/findings.ts";

const protoFolder = "packages/protocol/proto";
const target = "packages/server/src/transports/grpc/descriptor-set.ts";
const lineChars = 120;

/** In the order in which reflection lists their services. */
const files = ["holdfast/v1/line.proto", "grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"];

/** The source file as it should be. Throws when protoc fails. */
function descriptorSource(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-descriptors-"));
  const made = join(folder, "set");
  const { status, stderr, error } = spawnSync("protoc", ["-I", protoFolder, `--descriptor_set_out=${made}`, ...files], { cwd: root });
  if (status !== 0) throw new Error(`protoc failed: ${error?.message ?? stderr.toString()}`);
  const set = readFileSync(made);
  rmSync(folder, { recursive: true });
  const lines = set.toString("base64").match(new RegExp(`.{1,${lineChars}}`, "g")) ?? [];
  return [
    "/**",
    " * The descriptors of the .proto files of @holdfast/protocol: a FileDescriptorSet in base64. Made by scripts/grpc-descriptors.ts; nobody edits it here.",
    " */",
    "export const descriptorSet: string = [",
    ...lines.map((line) => `  "${line}",`),
    '].join("");',
    "",
  ].join("\n");
}

if (isProgram(import.meta.filename)) {
  const wanted = descriptorSource(repositoryRoot);
  const path = join(repositoryRoot, target);
  if (process.argv.includes("--write")) writeFileSync(path, wanted);
  else if (readFileSync(path, "utf8") !== wanted) {
    console.error(`${target} is not what the .proto files say: run this script with --write`);
    process.exitCode = 1;
  }
}

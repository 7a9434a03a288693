/**
 * Python's grpcio as a foreign client: stubs made by protoc from the shipped .proto files, in a folder of their own, and the program
 * e2e/foreign/grpc_line.py with them.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../foreign/grpc_line.py", import.meta.url));
const proto = fileURLToPath(new URL("../../packages/protocol/proto", import.meta.url));

export interface PythonGrpc extends Disposable {
  /** Runs the program; `said` are its lines so far. */
  run(...args: readonly string[]): Running;
}

export interface Running {
  readonly said: unknown[][];
  readonly child: ChildProcess;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** Makes the stubs. */
export function pythonGrpc(): PythonGrpc {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-stubs-"));
  const out = join(folder, "out");
  mkdirSync(out);
  const files = ["holdfast/v1/line.proto", "grpc/health/v1/health.proto"];
  const args = ["-I", proto, `--python_out=${out}`, `--grpc_python_out=${out}`, "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", ...files];
  const { status, stderr } = spawnSync("protoc", args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const running: ChildProcess[] = [];
  return {
    run: (...args) => {
      const child = spawn("/usr/bin/python3", [script, ...args], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, PYTHONPATH: out, PYTHONDONTWRITEBYTECODE: "1" },
      });
      running.push(child);
      const said: unknown[][] = [];
      createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line) as unknown[]));
      return { said, child, ended: once(child, "close").then(([code]) => code as number | null) };
    },
    [Symbol.dispose]: () => {
      for (const child of running) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

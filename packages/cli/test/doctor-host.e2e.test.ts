/**
 * `holdfast doctor host` on real processes, each in a network of its own with one fault; the command is given the pid and nothing else.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Finding } from "@holdfast/path";
import { needs } from "../../../scripts/test-support/needs.ts";

const program = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const hostCase = fileURLToPath(new URL("support/host-case.ts", import.meta.url));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function doctor(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=source", "--no-warnings", program, "doctor", "host", ...args], { timeout: 40_000 }, (fault, stdout, stderr) =>
      resolve({ status: Number(fault?.code ?? 0), stdout, stderr }),
    );
  });
}

/** Starts a case behind a new network whose loopback is up; `limit` lowers `ulimit -n`. Resolves with its pid when the fault is there. */
async function started(t: TestContext, name: string, limit = 1_024): Promise<number> {
  const script = `ip link set lo up && ulimit -n ${limit} && exec "$0" --no-warnings "$1" ${name}`;
  const child: ChildProcess = spawn("unshare", ["--net", "sh", "-c", script, process.execPath, hostCase], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.stdout !== null && child.pid !== undefined);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  assert.match(line.toString(), /^ready/);
  return child.pid;
}

interface Found {
  readonly run: Run;
  readonly findings: readonly Finding[];
}

async function looked(pid: number, ...args: string[]): Promise<Found> {
  const run = await doctor("--pid", String(pid), "--json", ...args);
  assert.equal(run.stderr, "");
  return { run, findings: (JSON.parse(run.stdout) as { findings: Finding[] }).findings };
}

const found = ({ findings, run }: Found, code: string): Finding =>
  findings.find((each) => each.code === code) ?? assert.fail(`expected ${code} in ${run.stdout}`);

const skip = needs("netns", "iproute", "root");

describe("doctor host", { skip, concurrency: 3 }, () => {
  it("finds nothing wrong with a process that is well", async (t) => {
    const { run, findings } = await looked(await started(t, "well"));
    assert.deepEqual(
      findings.filter(({ severity }) => severity !== "info"),
      [],
    );
    assert.equal(run.status, 0);
    assert.match(run.stdout, /"what":"network","value":"a namespace of its own/);
    assert.match(run.stdout, /60 ESTAB/, "both ends are in this process, and only its own are counted");
  });

  it("finds the lowered limit of the running process, and says what to write", async (t) => {
    const pid = await started(t, "well", 300);
    const shown = await looked(pid, "--connections", "5000");
    assert.equal(shown.run.status, 10);
    assert.match(found(shown, "descriptor_limit").title, /may open 300 descriptors; 5,000 connections need 5,\d\d\d/);
    const text = await doctor("--pid", String(pid), "--connections", "5000");
    assert.match(text.stdout, /LOW descriptors of the process \(soft limit\) +300, needed 5,564: LimitNOFILE=10000/);
  });

  it("finds connections that are never closed", async (t) => {
    const shown = await looked(await started(t, "closeWait"));
    assert.match(found(shown, "close_wait_pile").title, /60 connections closed by the peer and not by the program/);
    assert.equal(shown.run.status, 10);
  });

  it("finds TIME-WAIT on the side that closes first, with the cure", async (t) => {
    const shown = await looked(await started(t, "timeWait"));
    const finding = found(shown, "time_wait_outgoing");
    assert.match(finding.title, /^300 connections to 127\.0\.0\.1:\d+ stand in TIME-WAIT/);
    assert.match(finding.advice.join("\n"), /neither tcp_tw_reuse nor tcp_fin_timeout is a cure/);
    assert.deepEqual([shown.run.status, (await doctor("--pid", "1", "--strict", "--seconds", "0")).status], [0, 2]);
  });

  it("finds a full accept queue", async (t) => {
    const shown = await looked(await started(t, "stuck"));
    assert.match(found(shown, "accept_queue_overflow").title, /The accept queue of 127\.0\.0\.1:\d+ is full: 5 wait, 4 may/);
    assert.equal(shown.run.status, 10);
  });

  it("says that there is no such process", async () => {
    const { status, stderr } = await doctor("--pid", "4194303");
    assert.deepEqual([status, stderr], [1, "holdfast doctor host: there is no process 4194303 here: in a container only its own processes are seen\n"]);
  });
});

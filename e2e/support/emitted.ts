/**
 * Real nginx, HAProxy and Caddy run on what was emitted for them, as it is: only where files of theirs lie is added, so that they need no rights.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listens } from "../../bench/lib/listening.ts";

export const emittedTools = ["nginx", "haproxy", "caddy"] as const;
export type EmittedTool = (typeof emittedTools)[number];

const temporary = (folder: string): string =>
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `    ${name}_temp_path ${folder}/${name};`).join("\n");

/** Adds after a line that is there exactly once; fails when it is not, since then something else would run. */
function addedAfter(text: string, line: string, added: string): string {
  if (text.split("\n").filter((one) => one === line).length !== 1) throw new Error(`expected one line "${line}" in what was emitted`);
  return text.replace(`${line}\n`, `${line}\n${added}\n`);
}

interface Recipe {
  readonly file: string;
  readonly placed: (text: string, folder: string) => string;
  readonly check: (file: string, folder: string) => readonly string[];
  readonly run: (file: string, folder: string) => readonly string[];
}

const nginxArgs = (file: string, folder: string): readonly string[] => [
  "-c",
  file,
  "-p",
  folder,
  "-g",
  `daemon off; pid ${folder}/pid; error_log stderr crit;`,
];

const recipes: Readonly<Record<EmittedTool, Recipe>> = {
  nginx: {
    file: "nginx.conf",
    placed: (text, folder) => addedAfter(text, "http {", `    access_log off;\n${temporary(folder)}`),
    check: (file, folder) => ["nginx", "-T", ...nginxArgs(file, folder)],
    run: (file, folder) => ["nginx", ...nginxArgs(file, folder)],
  },
  haproxy: {
    file: "haproxy.cfg",
    placed: (text) => text,
    check: (file) => ["haproxy", "-c", "-f", file],
    run: (file) => ["haproxy", "-db", "-f", file],
  },
  caddy: {
    file: "Caddyfile",
    placed: (text, folder) => addedAfter(text, "{", `\tadmin off\n\tauto_https off\n\tstorage file_system ${folder}`),
    check: (file) => ["caddy", "validate", "--adapter", "caddyfile", "--config", file],
    run: (file) => ["caddy", "run", "--adapter", "caddyfile", "--config", file],
  },
};

const environment = (folder: string): NodeJS.ProcessEnv => ({ ...process.env, HOME: folder });

/** What the tool itself says of a configuration. */
export function checkEmitted(tool: EmittedTool, text: string): { readonly ok: boolean; readonly said: string } {
  const { file, placed, check } = recipes[tool];
  const folder = mkdtempSync(join(tmpdir(), `holdfast-emit-${tool}-`));
  try {
    writeFileSync(join(folder, file), placed(text, folder));
    const [command = "", ...args] = check(join(folder, file), folder);
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 30_000, env: environment(folder) });
    return { ok: status === 0, said: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function installedVersion(tool: EmittedTool): string {
  const { stdout, stderr } = spawnSync(tool, [tool === "caddy" ? "version" : "-v"], { encoding: "utf8", timeout: 30_000 });
  const found = /\d+\.\d+\.\d+/.exec(stdout + stderr);
  if (found === null) throw new Error(`${tool} does not say its version: ${stdout}${stderr}`);
  return found[0];
}

/** Runs a tool on its configuration until it is disposed of; resolves when it listens. */
export async function runEmitted(tool: EmittedTool, text: string, port: number): Promise<AsyncDisposable> {
  const { file, placed, run } = recipes[tool];
  const folder = mkdtempSync(join(tmpdir(), `holdfast-emit-${tool}-`));
  writeFileSync(join(folder, file), placed(text, folder));
  const [command = "", ...args] = run(join(folder, file), folder);
  let said = "";
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env: environment(folder) });
  child.once("error", (error) => {
    said += error.message;
  });
  child.stderr?.on("data", (chunk) => {
    said = (said + String(chunk)).slice(-4_000);
  });
  const stop = async (): Promise<void> => {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) said += ` (it had ended: ${ended})`;
    if (ended === null && child.pid !== undefined) {
      // nginx's master ends its workers on SIGTERM; killed, it would leave them behind.
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true });
    if (ended !== null) throw new Error(`${tool} did not stay: ${said}`);
  };
  try {
    await listens(port, child, () => said);
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

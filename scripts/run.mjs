// Runs one TypeScript file of this repository on a Node that can, after making sure that the dependencies are there.
// It is what `npm start`, `npm test` and `npm run ...` call on a fresh clone, so it is plain JavaScript, runs on Node 20
// and imports nothing that has to be installed. It must never decide anything about the program that it runs.
//
//   node scripts/run.mjs FILE [ARGUMENT...]
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const localBin = join(root, "node_modules", ".bin");
const majorMin = 24;
// The first release of each line with the HTTP/2 fixes that a server on the open internet needs.
const patched = { 24: [24, 18, 1], 25: [26, 5, 1], 26: [26, 5, 1] };

const say = (line) => process.stderr.write(`holdfast: ${line}\n`);
const fail = (line) => {
  say(line);
  process.exit(1);
};
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const parts = (version) => version.replace(/^v/, "").split(".").map(Number);

/** Whether what is installed is what the lock file says. Contents are compared, because clones and checkouts set times freely. */
function dependenciesMatchLock() {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedPath)) return false;
  const installed = readJson(installedPath).packages ?? {};
  const wanted = readJson(join(root, "package-lock.json")).packages ?? {};
  const same = (path) => installed[path].version === wanted[path]?.version && installed[path].integrity === wanted[path]?.integrity;
  return (
    Object.keys(installed).every((path) => installed[path].link || same(path)) &&
    Object.keys(wanted).every((path) => path === "" || wanted[path].optional || path in installed)
  );
}

/** Installs exactly the lock file. npm must run on a Node outside node_modules, since `npm ci` deletes that folder first. */
async function installDependencies() {
  say("installing dependencies (npm ci) ...");
  const startMs = Date.now();
  const elapsed = () => ((Date.now() - startMs) / 1000).toFixed(1);
  const progress = setInterval(() => say(`  still installing, ${elapsed()} s`), 5000);
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== localBin);
  const options = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const { npm_execpath: npmFile, npm_node_execpath: npmNode } = process.env;
  const [command, args] = npmFile && npmNode ? [npmNode, [npmFile, ...options]] : ["npm", options];
  const child = spawn(command, args, { cwd: root, env: { ...process.env, PATH: path.join(delimiter) }, stdio: ["ignore", 2, 2] });
  const code = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (status, signal) => resolve(status ?? signal));
  });
  clearInterval(progress);
  if (code !== 0) fail(`npm ci failed (${code}); its message is above`);
  say(`dependencies installed in ${elapsed()} s`);
}

/** The Node to run on: this one when it is new enough, else the one that is installed as a dependency. */
function chooseNode() {
  const candidates = [{ path: process.execPath, version: process.versions.node }];
  const installed = join(localBin, "node");
  if (existsSync(installed)) {
    const { stdout } = spawnSync(installed, ["--version"], { encoding: "utf8" });
    if (stdout) candidates.push({ path: installed, version: stdout.trim().replace(/^v/, "") });
  }
  const chosen = candidates.find(({ version }) => parts(version)[0] >= majorMin);
  if (chosen === undefined) {
    fail(
      `needs Node ${majorMin} or newer. This is ${process.versions.node}, and no prebuilt one exists for ${process.platform}-${process.arch} here. Install Node ${majorMin} from your system and try again.`,
    );
  }
  const have = parts(chosen.version);
  const want = patched[have[0]];
  const firstDifference = want?.findIndex((part, i) => part !== have[i]) ?? -1;
  if (firstDifference >= 0 && have[firstDifference] < want[firstDifference]) {
    say(`warning: Node ${chosen.version} lacks fixes for HTTP/2; ${want.join(".")} or newer is advised`);
  }
  return chosen.path;
}

/** Runs the program, hands on signals, and ends as it ends: same exit code, or death by the same signal. */
function runProgram(node, file, args) {
  const child = spawn(node, ["--conditions=source", join(root, file), ...args], { stdio: "inherit" });
  const lastMs = new Map();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole foreground group, the program included; npm then sends it again.
      const twice = Date.now() - (lastMs.get(signal) ?? 0) < 500;
      lastMs.set(signal, Date.now());
      if (twice || (signal === "SIGINT" && process.stdin.isTTY)) return;
      child.kill(signal);
    });
  }
  // npm hands a signal to its shell only, which dies of it and leaves this process alone: then the signal was meant for the program.
  const parent = process.ppid;
  const orphaned = () => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (!lastMs.has("SIGTERM")) child.kill("SIGTERM");
  };
  const watch = process.env.npm_lifecycle_event === undefined ? undefined : setInterval(orphaned, 250);
  child.on("error", (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Reached only when the signal does not end this process: the shell's convention then says it.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
}

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("usage: node scripts/run.mjs FILE [ARGUMENT...]");
if (!dependenciesMatchLock()) await installDependencies();
runProgram(chooseNode(), file, args);

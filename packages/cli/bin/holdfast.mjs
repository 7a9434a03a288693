#!/usr/bin/env node
// Starts the `holdfast` command: from its built files where it is installed, from the sources in a checkout.
// It must run on any Node that can say what is missing, so it uses nothing newer than Node 20.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const nodeMajorMin = 24;
const source = new URL("../src/main.ts", import.meta.url);

if (Number(process.versions.node.split(".")[0]) < nodeMajorMin) {
  console.error(`holdfast: expected Node ${nodeMajorMin} or newer, got ${process.versions.node}. In a checkout: npm install, then npx holdfast`);
  process.exitCode = 2;
} else if (!existsSync(source)) {
  await import("../dist/main.js");
} else {
  const child = spawn(process.execPath, ["--conditions=source", fileURLToPath(source), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends its signals to both; what is sent to this process alone is passed on. The child decides when it is over.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code ?? 1;
  });
}

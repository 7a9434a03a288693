/**
 * An example service in a process of its own, with or without the lines that guard it, and conversations of bare bytes with it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Example {
  readonly port: number;
  /** Sends bytes and returns all that comes until the server ends the connection, or until `last` matches and it has been asked to. */
  exchange(bytes: string | Buffer, last?: RegExp): Promise<string>;
  stop(): Promise<void>;
}

const withoutGuard = fileURLToPath(new URL("without-guard.ts", import.meta.url));

export async function startExample(name: string, isGuarded: boolean): Promise<Example> {
  const file = fileURLToPath(new URL(`../../examples/guard/${name}.ts`, import.meta.url));
  const flags = isGuarded ? [] : ["--import", withoutGuard];
  // In production frameworks keep stack traces out of answers; those differ by the functions that are passed through.
  const child = spawn(process.execPath, [...process.execArgv, ...flags, file], {
    env: { ...process.env, PORT: "0", NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Frameworks write down what routes throw; it matters only when the service does not come up.
  let written = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    written = `${written}${text}`.slice(-4_096);
  });
  const ended = once(child, "exit");
  const address = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code} before it listened: ${written}`)));
  });
  const port = Number(new URL(await address).port);
  return {
    port,
    exchange: (bytes, last) => exchange(port, bytes, last),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function exchange(port: number, bytes: string | Buffer, last?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.setEncoding("latin1");
    socket.setTimeout(20_000, () => socket.destroy(new Error(`the server did not end: ${seen}`)));
    socket.on("data", (text) => {
      seen += text;
      if (last?.test(seen) === true) socket.end();
    });
    socket.on("error", reject);
    socket.on("end", () => {
      socket.end();
      resolve(seen);
    });
    socket.write(bytes);
  });
}

/**
 * A NAT that forgets, made of real kernels: a user, a router and a server in namespaces of their own. `holdfast doctor` is a process of its own that is
 * given a URL and nothing else; it tells packets that vanish from FIN and from RST, and finds each timer within a second.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../scripts/test-support/needs.ts";
import { openNamespaces, serverAddress } from "./support/namespaces.ts";

const main = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
const servers = fileURLToPath(new URL("./processes/idle-enders.ts", import.meta.url));
const flags = ["--conditions=source"];
/** Polls of the router, and a machine that does other things too. */
const lateMsMax = 700;

interface Said {
  readonly facts: {
    readonly idle: readonly {
      readonly of: string;
      readonly moving: string;
      readonly atLeastMs: number;
      readonly atMostMs: number | null;
      readonly how: string;
    }[];
  };
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  for await (const line of lines) return line;
  throw new Error("the servers ended before they listened");
}

test("packets that vanish, FIN and RST are told apart across a router that forgets", { skip: needs("netns", "iproute"), timeout: 60_000 }, async () => {
  const idleMs = randomInt(1_300, 2_900);
  await using spaces = await openNamespaces();
  const server = spawn(...spaces.inside("server", process.execPath, [...flags, servers, serverAddress, String(idleMs)]), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const ports = JSON.parse(await firstLine(server)) as Record<"never" | "fin" | "rst", number>;
    const forgotten = spaces.forget(ports.never, idleMs);
    const examine = async (port: number): Promise<Said & { readonly code: number | null }> => {
      const words = [...flags, main, "doctor", `http://${serverAddress}:${port}/`, "--max", "14s", "--only", "http1", "--json"];
      const child = spawn(...spaces.inside("user", process.execPath, words), { stdio: ["ignore", "pipe", "inherit"] });
      let text = "";
      child.stdout?.on("data", (chunk) => {
        text += String(chunk);
      });
      const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
      return { ...(JSON.parse(text) as Said), code };
    };
    const [never, fin, rst] = await Promise.all([examine(ports.never), examine(ports.fin), examine(ports.rst)]);
    for (const [said, how] of [
      [never, "silent"],
      [fin, "fin"],
      [rst, "rst"],
    ] as const) {
      const fact = said.facts.idle.find(({ of, moving }) => of === "http1" && moving === "nothing");
      const seen = `${how} after ${idleMs} ms: ${JSON.stringify(said.facts.idle)}`;
      assert.equal(fact?.how, how, seen);
      assert.ok(fact?.atMostMs != null && fact.atMostMs - fact.atLeastMs <= 1_001, seen);
      assert.ok(fact.atLeastMs <= idleMs + lateMsMax && fact.atMostMs >= idleMs - 50, seen);
    }
    assert.ok(forgotten() > 0, "the router forgot some");
    assert.ok(never.findings.some(({ code, severity }) => code === "silent_drop" && severity === "error") && never.code === 10);
    assert.ok(!fin.findings.some(({ code }) => code === "silent_drop") && fin.code === 0);
    assert.ok(!rst.findings.some(({ code }) => code === "silent_drop") && rst.code === 0);
  } finally {
    server.kill("SIGKILL");
  }
});

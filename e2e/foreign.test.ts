/**
 * A client that shares no code with ours, written from PROTOCOL.md in Python, follows a stream while the server is killed and started
 * again. It is given each entry once, in order.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "@holdfast/client";
import { freePort } from "../bench/lib/listening.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { serve } from "./support/serve.ts";

const script = fileURLToPath(new URL("foreign/follow.py", import.meta.url));

it("Python's websockets and PROTOCOL.md are enough to follow and resume a stream", { skip: needs("pythonWebsockets") }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-foreign-"));
  const port = await freePort();
  const flags = ["--port", String(port), "--data", join(folder, "log.db")];
  const count = 300;
  let server = await serve(flags);
  const publisher = connect(server.url);
  const python = spawn("/usr/bin/python3", [script, `ws://127.0.0.1:${port}/v1/link`, "foreign/a", String(count - 1)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const seen: [position: string, value: unknown][] = [];
    createInterface({ input: python.stdout }).on("line", (line) => seen.push(JSON.parse(line) as [string, unknown]));
    const ended = once(python, "exit");
    let kills = 0;
    for (let n = 0; n < count; n++) {
      const published = publisher.publish("foreign/a", n);
      if (n % 120 === 60) {
        await server.kill("SIGKILL");
        kills++;
        server = await serve(flags);
      }
      await published;
    }
    const [code] = await ended;
    assert.equal(code, 0);
    assert.deepEqual(
      seen.map(([, value]) => value),
      Array.from({ length: count }, (_, i) => i),
    );
    t.diagnostic(`${seen.length} entries across ${kills} kills of the server, in ${new Set(seen.map(([position]) => position.split(".")[0])).size} epochs`);
  } finally {
    python.kill("SIGKILL");
    await publisher.close({ drainMs: 0 });
    await server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

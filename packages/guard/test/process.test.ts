/** A guard keeps nothing alive: a process whose server is closed ends, as it does without guard. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

const program = (end: string): string => `
import { createServer, get } from "node:http";
import { guard } from "@holdfast/guard";
const server = createServer((request, response) => response.end("hello"));
guard(server);
server.listen(0, "127.0.0.1", () => get({ port: server.address().port, agent: false }, (response) => {
  response.resume();
  response.on("end", () => { ${end} });
}));
`;

test("a process with a guarded server ends by itself once the server is closed", async () => {
  const words = [...process.execArgv.filter((word) => word.startsWith("--conditions")), "--input-type=module", "--eval", program("server.close();")];
  const { stderr } = await run(process.execPath, words, { cwd: import.meta.dirname, timeout: 20_000 });
  assert.equal(stderr, "");
});

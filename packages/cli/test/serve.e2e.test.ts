import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { endAll, folder, kill, run, serve, start } from "./support/processes.ts";

after(endAll);

test("a server starts on a folder of its own, publishes vital signs, and ends cleanly on SIGTERM", async () => {
  const cwd = folder();
  const server = await serve(["--port", "0"], { cwd });
  const tail = start(["tail", "vitals/sockets", "vitals/process", "vitals/host", "--from", "start", "--json", "--url", server.url]);
  const entriesNow = () => tail.lines().map((line) => JSON.parse(line));
  const names = (): string => [...new Set(entriesNow().map((entry) => entry.stream))].sort().join(" ");
  // The first sample knows of no delay yet.
  const delays = () => entriesNow().filter(({ stream, data }) => stream === "vitals/process" && data.loopDelay !== null);
  await tail.until(() => names() === "vitals/host vitals/process vitals/sockets" && delays().length > 0, "all three are published");
  const entries = entriesNow();
  await kill(tail);
  const ofProcess = delays().at(-1).data;
  assert.ok(ofProcess.rssBytes > 10_000_000 && ofProcess.loopDelay.p50Ms >= 0);
  const ofSockets = entries.find((entry) => entry.stream === "vitals/sockets").data;
  if (process.platform === "linux") {
    assert.ok(ofSockets.totals.inUse >= 1 && ofSockets.descriptors > 5, JSON.stringify(ofSockets));
    // States are left out while the machine has very many sockets.
    assert.ok(ofSockets.totals.inUse + ofSockets.totals.timeWait > 10_000 || ofSockets.tcp.listen >= 1, JSON.stringify(ofSockets));
  }
  server.child.kill("SIGTERM");
  const ended = await server.ended;
  assert.deepEqual([ended.code, ended.signal], [0, null]);
  assert.match(ended.stdout, /"event":"draining","signal":"SIGTERM"/);
  assert.match(ended.stdout, /"event":"stopped"/);
});

test("for people it says where to look and what is not default", async () => {
  const server = start(["serve", "--port", "0", "--engine", "memory", "--no-vitals"], { env: { HOLDFAST_DRAIN_MS: "900", HOLDFAST_DRAIN: "1" } });
  await server.until(() => server.stdout().includes("settings:"), "the greeting");
  assert.match(server.stdout(), /listening on http:\/\/127\.0\.0\.1:\d+ \(memory engine; nothing is kept on disk\)/);
  assert.match(server.stdout(), /settings: engine memory \(--engine\), vitals false \(--no-vitals\), port 0 \(--port\), drainMs 900 \(HOLDFAST_DRAIN_MS\)/);
  assert.match(server.stdout(), /warning message="the variable HOLDFAST_DRAIN is not a setting/);
  server.child.kill("SIGINT");
  assert.equal((await server.ended).code, 0);
});

test("flags go before the environment, the environment before the file", async () => {
  const cwd = folder();
  writeFileSync(join(cwd, "holdfast.json"), JSON.stringify({ port: 1, heartbeatMs: 2, drainMs: 3, streams: [{ pattern: "a/**", entriesMax: 5 }] }));
  const { code, stdout } = await run(["serve", "--port", "4", "--print-config", "--json"], { cwd, env: { HOLDFAST_PORT: "5", HOLDFAST_HEARTBEAT_MS: "6" } });
  assert.equal(code, 0);
  const { settings, streams } = JSON.parse(stdout);
  assert.deepEqual(settings.port, { value: 4, source: "flag", origin: "--port" });
  assert.deepEqual(settings.heartbeatMs, { value: 6, source: "environment", origin: "HOLDFAST_HEARTBEAT_MS" });
  assert.deepEqual(settings.drainMs, { value: 3, source: "file", origin: "holdfast.json" });
  assert.deepEqual(settings.stallMs, { value: 60_000, source: "default" });
  assert.deepEqual(streams[0], { pattern: "a/**", entriesMax: 5 });
});

test("a taken port, a taken folder and a folder that cannot be are one clear line and exit 1", async () => {
  const cwd = folder();
  const server = await serve(["--port", "0", "--no-vitals"], { cwd });
  const [port, data, file, nested] = await Promise.all([
    run(["serve", "--port", server.port, "--engine", "memory"], { cwd }),
    run(["serve", "--port", "0"], { cwd }),
    run(["serve", "--port", "0", "--data", "holdfast-data/holdfast.sqlite"], { cwd }),
    run(["serve", "--port", "0", "--data", "not/there"], { cwd }),
  ]);
  for (const [ended, message] of [
    [port, /port \d+ of 127\.0\.0\.1 is in use/],
    [data, /Another process/],
    [file, /is not a folder/],
    [nested, /no such file or directory/],
  ] as const) {
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, message);
    assert.equal(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
  }
});

test("what is wrong with the configuration is said before anything happens, exit 2", async () => {
  const cwd = folder();
  writeFileSync(join(cwd, "bad.json"), '{"prot":1}');
  const cases = await Promise.all([
    run(["serve", "--host", "0.0.0.0"], { cwd }),
    run(["serve", "--prot", "1"], { cwd }),
    run(["serve", "--config", "bad.json"], { cwd }),
    run(["serve", "--config", "absent.json"], { cwd }),
    run(["serve"], { cwd, env: { HOLDFAST_PORT: "http" } }),
    run(["serve", "extra"], { cwd }),
  ]);
  const messages = [
    /loopback/,
    /unknown flag "--prot"; did you mean --port/,
    /unknown setting "prot"/,
    /absent\.json/,
    /HOLDFAST_PORT/,
    /expected no operands/,
  ];
  for (const [i, ended] of cases.entries()) {
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, messages[i] as RegExp);
  }
});

test("a second signal ends a drain that waits", async () => {
  const server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--drain-ms", "60000"]);
  // A peer that has asked for a link and then does nothing keeps the drain waiting.
  const socket = connect(Number(server.port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "GET /v1/link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: holdfast.v1\r\n\r\n",
  );
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  await server.until(() => answer.includes("101"), "the upgrade");
  // {"type":"hello","protocol":1}, masked with zeros.
  const hello = Buffer.from('{"type":"hello","protocol":1}');
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | hello.length, 0, 0, 0, 0]), hello]));
  await server.until(() => answer.includes("welcome"), "the welcome");
  server.child.kill("SIGTERM");
  await server.until(() => server.stdout().includes('"event":"draining"'), "the drain");
  server.child.kill("SIGTERM");
  assert.deepEqual([(await server.ended).code, server.stdout().includes("stopped")], [143, false]);
  socket.destroy();
});

test("the command itself: help, version, and what it does not know", async () => {
  const [help, version, none, command, flag, ofTail] = await Promise.all([
    run(["--help"]),
    run(["--version"]),
    run([]),
    run(["sevre"]),
    run(["--nope"]),
    run(["tail", "--help"]),
  ]);
  assert.deepEqual([help.code, version.code, none.code, command.code, flag.code, ofTail.code], [0, 0, 2, 2, 2, 0]);
  assert.match(help.stdout, /Exit codes:/);
  assert.match(version.stdout, /^holdfast \d+\.\d+\.\d+\n$/);
  assert.match(none.stderr, /Usage:/);
  assert.match(command.stderr, /unknown command "sevre"; did you mean serve\?/);
  assert.match(flag.stderr, /unknown flag "--nope"/);
  assert.match(ofTail.stdout, /--until-closed/);
});

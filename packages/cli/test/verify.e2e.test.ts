// The command against real servers, through hops that do what hops do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { resultText } from "../src/verify/table.ts";
import { endAll, folder, run, type Server, serve, start } from "./support/processes.ts";
import { openMiddleman } from "./support/verify-middleman.ts";

const cwd = folder();
const short = ["--minutes", "0.07", "--transport", "websocket"];
let server: Server;
before(async () => {
  server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--heartbeat-ms", "500"], { cwd });
});
after(endAll);

/** An address where nobody listens. */
async function deadUrl(): Promise<string> {
  const held = createTcpServer();
  await new Promise<void>((resolve) => held.listen(0, "127.0.0.1", resolve));
  const { port } = held.address() as AddressInfo;
  await new Promise((resolve) => held.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const jsonOf = (text: string) => JSON.parse(text);

test("a sound server is clean: table, verdict and exit say so, and its own streams are ended", async () => {
  const { code, stdout, stderr } = await run(["verify", server.url, ...short]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^websocket: \d+ entries published/);
  assert.match(stdout, /^ {2}reset +\d/m);
  assert.match(stdout, /not done: black hole to client: needs \d+ s with this server's beat/);
  assert.match(stdout, /CLEAN: nothing lost, duplicated or reordered over websocket/);
  const streams = (await run(["streams", "verify/", "--json", "--url", server.url])).stdout.trimEnd().split("\n").map(jsonOf);
  assert.equal(streams.length, 5);
  for (const each of streams) assert.deepEqual([each.stream.split("/").length, each.closed, each.readers], [4, true, 0]);
});

test("--json and --junit have the documented shapes", async () => {
  const file = join(cwd, "verify.xml");
  const { code, stdout } = await run(["verify", server.url, ...short, "--json", "--junit", file, "--seed", "7", "--streams", "1", "--rate", "100"]);
  assert.equal(code, 0, stdout);
  const result = jsonOf(stdout);
  assert.deepEqual(
    [result.format, result.version, result.url, result.seed, result.verdict, result.interrupted],
    ["holdfast-verify", 1, server.url, 7, "clean", false],
  );
  const [transport] = result.transports;
  assert.deepEqual(
    [transport.transport, transport.verdict, transport.heartbeatMs, transport.streams],
    ["websocket", "clean", 500, [`verify/${result.run}/websocket/1`, `verify/${result.run}/websocket/quiet`]],
  );
  assert.ok(transport.sent === transport.acknowledged && transport.inLog === transport.sent && transport.sent > 100, stdout);
  assert.ok(transport.delivered > 4 * 100);
  const reset = transport.faults.find((row: { kind: string }) => row.kind === "reset");
  assert.ok(reset.times >= 1 && reset.noticedMs.max >= reset.noticedMs.p50 && reset.recoveredMs.p50 > 0 && reset.lost === 0, JSON.stringify(reset));
  assert.match(readFileSync(file, "utf8"), /<testsuite name="holdfast verify websocket" tests="15" failures="0"/);
});

test("entries that a hop swallowed are found, with their stream, their place and the reader", async () => {
  interface Seen {
    readonly stream: string;
    readonly position: string;
    readonly prev: string;
    readonly data?: { readonly n?: number };
  }
  const swallowed = new Map<number, Seen>();
  const missing = new Map<object, Seen>();
  const hop = await openMiddleman(server.url, {
    // The next entry of the link is made to follow the one before, so that its client cannot notice. A link that ends too soon resumes, and
    // loses nothing: so it is done again and again, to one copy each time.
    message: (text, link) => {
      const lost = missing.get(link);
      if (!text.startsWith('{"type":"entry"')) return lost === undefined ? text : null;
      const entry = jsonOf(text) as Seen;
      const n = entry.data?.n ?? 0;
      if (lost !== undefined && entry.prev === lost.position) {
        missing.delete(link);
        return text.replace(`"prev":"${lost.position}"`, `"prev":"${lost.prev}"`);
      }
      if (n === 0 || n % 20 !== 0 || swallowed.has(n)) return text;
      swallowed.set(n, entry);
      missing.set(link, entry);
      return null;
    },
  });
  const { code, stdout, stderr } = await run(["verify", hop.url, ...short, "--streams", "1"]);
  await hop.close();
  assert.equal(code, 7, stdout + stderr);
  assert.match(stdout, /DAMAGED: \d+ findings? over websocket/);
  const found = [...stdout.matchAll(/lost: (\S+): reader \d.* was not given the entry at (\S+) /g)].map(([, stream, position]) => `${stream} ${position}`);
  const taken = [...swallowed.values()].map(({ stream, position }) => `${stream} ${position}`);
  assert.ok(found.length > 0 && found.every((each) => taken.includes(each)), `${found} of ${taken}\n${stdout}`);
});

const logTricks = [
  ["left out", (entries: unknown[]) => entries.splice(10, 1), "acknowledged and not in the log"],
  ["exchanged", (entries: unknown[]) => entries.splice(10, 2, entries[11], entries[10]), "out of order in the log"],
  ["repeated", (entries: unknown[]) => entries.splice(10, 0, entries[10]), "twice in the log"],
] as const;

suite("a log that does not say what was published is found", { concurrency: true }, () => {
  for (const [what, change, fault] of logTricks) {
    test(`with an entry ${what}`, async () => {
      const hop = await openMiddleman(server.url, {
        page: (text, path) => {
          if (!/\/websocket\/1\?after=first/.test(path)) return text;
          const page = jsonOf(text);
          change(page.entries);
          return JSON.stringify(page);
        },
      });
      const { code, stdout, stderr } = await run(["verify", hop.url, ...short, "--streams", "1", "--json"]);
      await hop.close();
      assert.equal(code, 7, stdout + stderr);
      const result = jsonOf(stdout);
      assert.equal(result.verdict, "damaged");
      const [finding] = result.transports[0].findings;
      assert.equal(finding.stream, `verify/${result.run}/websocket/1`);
      assert.ok(typeof finding.position === "string" && typeof finding.n === "number", JSON.stringify(finding));
      const text = resultText(result);
      assert.ok(text.includes(fault), text);
    });
  }
});

test("a hop that cuts what has had its time is named by what the links have in common", async () => {
  const { hostname, port } = new URL(server.url);
  const hop = createTcpServer((near) => {
    const far = connectTcp(Number(port), hostname);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {});
    const end = setTimeout(() => near.destroy(), 2_200);
    near.on("close", () => {
      clearTimeout(end);
      far.destroy();
    });
  });
  await new Promise<void>((resolve) => hop.listen(0, "127.0.0.1", resolve));
  const { port: hopPort } = hop.address() as AddressInfo;
  const { code, stdout } = await run([
    "verify",
    `http://127.0.0.1:${hopPort}`,
    "--minutes",
    "0.1",
    "--transport",
    "websocket",
    "--publish-url",
    server.url,
    "--json",
  ]);
  hop.close();
  assert.equal(code, 0, stdout);
  const result = jsonOf(stdout);
  assert.equal(result.publishUrl, server.url);
  assert.ok(result.transports[0].ends.length >= 1, stdout);
});

suite("Ctrl-C ends early with the table so far", () => {
  for (const form of [[], ["--json"]]) {
    test(form[0] ?? "as text", async () => {
      const verify = start(["verify", server.url, "--minutes", "5", "--transport", "websocket", ...form], { input: "" });
      // A line of progress comes each 10 s, which is long; on the server it shows that entries flow. Streams of earlier runs have ended.
      type Row = { readonly closed: boolean; readonly entries: number };
      const flows = async (): Promise<boolean> => {
        const { streams } = (await (await fetch(`${server.url}/v1/streams?prefix=verify/&limit=1000`)).json()) as { streams: Row[] };
        return streams.some(({ closed, entries }) => !closed && entries >= 10);
      };
      const endMs = performance.now() + 15_000;
      while (!(await flows())) {
        assert.ok(performance.now() < endMs && verify.child.exitCode === null, `nothing flows: ${verify.stderr()}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      verify.child.kill("SIGINT");
      const { code, stdout, stderr } = await verify.ended;
      assert.equal(code, 130, stdout + stderr);
      assert.match(stderr, /ending early/);
      if (form.length === 0) assert.match(stdout, /, interrupted\n(?:.*\n)*interrupted: CLEAN/);
      else assert.deepEqual([jsonOf(stdout).interrupted, jsonOf(stdout).transports[0].verdict], [true, "clean"]);
    });
  }
});

test("a server that is not there is unreachable over every transport, with the system's reason", async () => {
  const url = await deadUrl();
  const { code, stdout } = await run(["verify", url]);
  assert.equal(code, 3);
  for (const name of ["websocket", "sse", "poll"]) assert.match(stdout, new RegExp(`^${name}: no link: .*ECONNREFUSED`, "m"));
  assert.ok(stdout.includes(`UNREACHABLE: no transport got through to ${url}`), stdout);
});

test("a server that is another one is told apart", async () => {
  const other = await openMiddleman(await deadUrl(), {});
  const { code, stdout } = await run(["verify", other.url, "--transport", "websocket"]);
  await other.close();
  assert.equal(code, 3, stdout);
  assert.match(stdout, /^websocket: no link: /);
});

for (const [words, message] of [
  [[], /expected URL/],
  [["nonsense"], /expected URL to be an address/],
  [["ftp://a"], /expected URL to be an address/],
  [["http://a?x=1"], /expected URL to be an address/],
  [["http://a", "http://b"], /expected URL, got also/],
  [["http://a", "--transport", "pigeon"], /expected --transport to be h2 or websocket or sse or poll or grpc/],
  [["http://a", "--minutes", "0"], /expected --minutes/],
  [["http://a", "--minutes", "1e3"], /expected --minutes/],
  [["http://a", "--rate", "5000"], /expected --rate/],
  [["http://a", "--streams", "0"], /expected --streams/],
  [["http://a", "--seed", "x"], /expected --seed/],
  [["http://a", "--publish-url", "b"], /expected --publish-url to be an address/],
  [["http://a", "--token", "canary", "--token-file", "f"], /expected --token or --token-file, not both$/m],
  [["http://a", "--minutes", "1440", "--rate", "1000"], /deliveries/],
] as const) {
  test(`refuses ${words.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run(["verify", ...words]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
  });
}

test("--help shows every flag and an example", async () => {
  const { code, stdout } = await run(["verify", "--help"]);
  assert.equal(code, 0);
  for (const flag of ["--transport", "--minutes", "--rate", "--streams", "--publish-url", "--json", "--junit", "--seed", "--token", "--token-file"])
    assert.ok(stdout.includes(flag), flag);
});

test("a report that cannot be written is a failure of its own", async () => {
  const { code, stderr } = await run(["verify", await deadUrl(), "--transport", "websocket", "--junit", join(cwd, "no", "such.xml")]);
  assert.equal(code, 3);
  assert.match(stderr, /cannot write .*such\.xml/);
});

/**
 * Runs the scanners of TLS that operators run, on a port of this machine, and reads their reports. It judges nothing.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** A scan takes half a minute on an idle machine, most of which it waits. */
const scanMsMax = 150_000;

/** What sslscan found. */
export interface SslscanReport {
  /** Protocols offered, such as `tls 1.2`. */
  readonly protocols: readonly string[];
  /** Whether a client may renegotiate. */
  readonly renegotiates: boolean;
  /** Protocols whose heartbeat was tried, and those that gave memory away. */
  readonly heartbeatsTried: readonly string[];
  readonly heartbeatsLeaking: readonly string[];
  /** Ciphers taken, by protocol, in the server's order. */
  readonly ciphers: Readonly<Record<string, readonly string[]>>;
  /** What sslscan thinks of them: `strong`, `acceptable`, `weak`, `anonymous`, `null` and the like. */
  readonly strengths: ReadonlySet<string>;
}

export async function sslscan(port: number): Promise<SslscanReport> {
  const { stdout } = await run("sslscan", ["--no-colour", "--no-check-certificate", "--xml=-", `127.0.0.1:${port}`], { timeout: scanMsMax });
  const elements = (name: string): Record<string, string>[] =>
    Array.from(stdout.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, "g")), ([, attributes = ""]) =>
      Object.fromEntries(Array.from(attributes.matchAll(/([\w-]+)="([^"]*)"/g), ([, key = "", value = ""]) => [key, value])),
    );
  const enabled = elements("protocol").filter((protocol) => protocol["enabled"] === "1");
  const heartbeats = elements("heartbleed");
  const ciphers = elements("cipher");
  const [renegotiation] = elements("renegotiation");
  if (renegotiation === undefined || heartbeats.length === 0 || ciphers.length === 0) throw new Error(`sslscan has left something out: ${stdout}`);
  return {
    protocols: enabled.map(({ type, version }) => `${type} ${version}`),
    renegotiates: renegotiation["supported"] !== "0",
    heartbeatsTried: heartbeats.map(({ sslversion = "" }) => sslversion),
    heartbeatsLeaking: heartbeats.filter(({ vulnerable }) => vulnerable !== "0").map(({ sslversion = "" }) => sslversion),
    ciphers: Object.fromEntries(
      Array.from(
        Map.groupBy(ciphers, ({ sslversion = "" }) => sslversion),
        ([version, taken]) => [version, taken.map(({ cipher = "" }) => cipher)],
      ),
    ),
    strengths: new Set(ciphers.map(({ strength = "" }) => strength)),
  };
}

/** What testssl found, by its name for what it looked at. */
export type TestsslReport = ReadonlyMap<string, { readonly severity: string; readonly finding: string }>;

/** `checks` are flags of testssl; its report goes into `folder`. It looks nothing up: there is an address. */
export async function testssl(port: number, checks: readonly string[], folder: string): Promise<TestsslReport> {
  const file = join(folder, `testssl-${port}.json`);
  const how = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--openssl-timeout", "20", "--jsonfile", file];
  const scan = run("testssl", [...how, ...checks, `127.0.0.1:${port}`], { timeout: scanMsMax, maxBuffer: 2 ** 24 });
  scan.child.stdin?.end();
  // Its exit code is the number of things that it could not do, of which a report tells more.
  const { stdout } = await scan.catch((failed: { readonly stdout: string }) => failed);
  try {
    const found = JSON.parse(readFileSync(file, "utf8")) as { readonly id: string; readonly severity: string; readonly finding: string }[];
    return new Map(found.map(({ id, severity, finding }) => [id, { severity, finding }]));
  } catch (error) {
    throw new Error(`testssl left no report: ${stdout}`, { cause: error });
  }
}

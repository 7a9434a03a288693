/**
 * slowhttptest, the tool of the trade, on every slow variant that it knows: a guarded server and a Holdfast server let go of each of its
 * connections in time, by the right code, and are available to others throughout. Its load is bounded, on loopback, and ends by itself.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { needs } from "../scripts/test-support/needs.ts";
import { fill } from "./hostile/attack.ts";
import { type Look, Subject } from "./hostile/subjects.ts";

const connections = 200;
/** Of 20 MB that nobody reads, kernels take some for each reader. */
const readers = 50;
const secondsMax = 7;

interface Variant {
  readonly what: string;
  readonly flags: readonly string[];
  readonly path: Readonly<Record<"plain" | "holdfast", string>>;
  /** What each of its connections ends by. */
  readonly code: Readonly<Record<"plain" | "holdfast", string>>;
  readonly count: number;
}

const same = (text: string): Variant["code"] => ({ plain: text, holdfast: text });

const variants: readonly Variant[] = [
  { what: "slow headers", flags: ["-H"], path: { plain: "/", holdfast: "/healthz" }, code: same("header_timeout"), count: connections },
  { what: "slow bodies", flags: ["-B"], path: { plain: "/body", holdfast: "/v1/streams/hostile" }, code: same("body_timeout"), count: connections },
  { what: "thousands of ranges", flags: ["-R"], path: { plain: "/", holdfast: "/healthz" }, code: same("connection_close"), count: connections },
  {
    what: "slow reading",
    flags: ["-X", "-w", "1", "-y", "512", "-z", "5", "-n", "30"],
    path: { plain: "/big", holdfast: "/v1/sse?stream=full&after=first" },
    code: { plain: "slow_reader", holdfast: "slow_consumer" },
    count: readers,
  },
];

/** What has ended by a code since then. */
function endedBy(code: string, before: Look, after: Look): number {
  const count = ({ counts }: Look): number => Object.entries(counts.ended).reduce((sum, [key, ended]) => (key.split(" ")[0] === code ? sum + ended : sum), 0);
  return count(after) - count(before);
}

async function run(name: "plain" | "holdfast", variant: Variant, subject: Subject): Promise<void> {
  const { flags, path, code, count } = variant;
  const before = await subject.look();
  const url = `http://127.0.0.1:${subject.target.port}${path[name]}`;
  const bounds = ["-c", String(count), "-r", String(count), "-l", String(secondsMax), "-i", "1", "-p", "3"];
  const { stdout } = await promisify(execFile)("slowhttptest", [...flags, ...bounds, "-u", url], { timeout: 30_000 });
  assert.match(stdout, /service available:\S*\s+\S*YES/);
  assert.doesNotMatch(stdout, /service available:\S*\s+\S*NO/);
  const deadline = performance.now() + 10_000;
  for (;;) {
    const after = await subject.look();
    if (endedBy(code[name], before, after) >= count && after.descriptors <= before.descriptors) break;
    assert.ok(performance.now() < deadline, `${JSON.stringify(after.counts)}, descriptors ${before.descriptors} -> ${after.descriptors}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(subject.bystander.faults, [], "a bystander noticed");
}

const subjects: readonly (readonly ["plain" | "holdfast", string])[] = [
  ["plain", "a guarded server"],
  ["holdfast", "a Holdfast server"],
];

describe("slowhttptest", { concurrency: 4, skip: needs("slowhttptest", "proc") }, () => {
  for (const [name, words] of subjects) {
    for (const variant of variants) {
      it(`has no hold on ${words} with ${variant.what}`, async () => {
        const subject = await Subject.start(name, "many");
        try {
          if (variant.code[name] === "slow_consumer") await fill(subject.target);
          await run(name, variant, subject);
        } finally {
          await subject.stop();
        }
      });
    }
  }
});

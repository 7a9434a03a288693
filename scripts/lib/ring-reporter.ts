/**
 * The reporter that a ring's test runner loads: prints a line per file and every failure in full, and writes the counts as
 * JSON to the file named by HOLDFAST_RING_REPORT. Counts come from the runner's events, never from printed text.
 * Node asks for a default export here; it is the only one of the project.
 */
import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

/** What one run of the runner amounted to. */
export interface RingCounts {
  readonly passed: number;
  readonly failed: number;
  /** Reasons of skipped and unfinished (`todo`) tests, each with its number. */
  readonly skipped: Readonly<Record<string, number>>;
  /** What is wrong beside failed tests; none is normal. */
  readonly problems: readonly string[];
}

type Events = AsyncIterable<TestEvent>;
type Outcome = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

export default async function* ringReporter(events: Events): AsyncGenerator<string> {
  const counts = { passed: 0, failed: 0, skipped: {} as Record<string, number>, problems: [] as string[] };
  let seen = 0;
  let announced: number | null = null;
  for await (const event of events) {
    switch (event.type) {
      case "test:pass":
      case "test:fail":
        if (event.type === "test:fail") yield failure(event);
        if (event.data.details.type === "suite") break;
        seen++;
        count(event, counts);
        break;
      case "test:stdout":
      case "test:stderr":
        yield event.data.message;
        break;
      case "test:summary":
        if (event.data.file === undefined) {
          announced = event.data.counts.tests;
          break;
        }
        if (event.data.counts.tests === 0) counts.problems.push(`${relative(process.cwd(), event.data.file)} ran no test`);
        yield summary(event.data.file, event.data.counts, event.data.duration_ms);
        break;
      case "test:interrupted":
        for (const test of event.data.tests) yield `  UNFINISHED ${test.name}${place(test.file, test.line)}\n`;
        break;
      default:
        break;
    }
  }
  if (announced !== seen) counts.problems.push(`the runner announced ${announced ?? "no"} tests, ${seen} were reported`);
  const target = process.env["HOLDFAST_RING_REPORT"];
  if (target !== undefined) writeFileSync(target, JSON.stringify(counts satisfies RingCounts));
}

function count(event: Outcome, counts: { passed: number; failed: number; skipped: Record<string, number>; problems: string[] }): void {
  const { data } = event;
  const unfinished = data.todo !== undefined && data.todo !== false;
  const skipped = data.skip !== undefined && data.skip !== false;
  if (skipped || unfinished) {
    const given = skipped ? data.skip : data.todo;
    const reason = typeof given === "string" && given !== "" ? given : skipped ? "no reason given" : "todo";
    counts.skipped[reason] = (counts.skipped[reason] ?? 0) + 1;
  } else if (event.type === "test:fail") {
    counts.failed++;
  } else if (isFile(event)) {
    // The runner reports a file that declares no test as one passed test.
    counts.problems.push(`${data.name} ran no test`);
  } else {
    counts.passed++;
  }
}

function isFile({ data }: Outcome): boolean {
  return data.file !== undefined && data.nesting === 0 && resolve(data.name) === data.file;
}

function summary(file: string, counts: { tests: number; passed: number; skipped: number; todo: number }, durationMs: number): string {
  const good = counts.passed + counts.skipped + counts.todo === counts.tests;
  const skipped = counts.skipped + counts.todo;
  const note = skipped > 0 ? `, ${skipped} skipped` : "";
  return `  ${good ? "ok  " : "FAIL"} ${relative(process.cwd(), file)}  ${counts.tests} tests${note}  ${(durationMs / 1000).toFixed(2)} s\n`;
}

function failure(event: Extract<TestEvent, { type: "test:fail" }>): string {
  const { name, file, line, details } = event.data;
  const error: Error & { failureType?: string } = details.error;
  if (error.failureType === "subtestsFailed") return "";
  const body = inspect(error.cause ?? error, { depth: 8 }).replaceAll("\n", "\n      ");
  return `  FAIL ${name}${place(file, line)}\n      ${body}\n`;
}

function place(file: string | undefined, line: number | undefined): string {
  return file === undefined ? "" : ` (${relative(process.cwd(), file)}:${line ?? 1})`;
}
